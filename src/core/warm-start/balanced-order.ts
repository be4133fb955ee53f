import type {Difficulty, Target} from '../records/records.js'
import {Sampler, streamSeed} from '../util/rng.js'

/**
 * Numbers of targets in seeded order, every difficulty in turn for as long as it lasts.
 *
 * @param targets with numbers from 0
 */
export function* balancedOrder(targets: Iterable<Pick<Target, 'difficulty'>>, seed: number): Generator<number> {
  let waiting = [...membersOf(targets)].map(([difficulty, members]) =>
    new Sampler(streamSeed(seed, 'warm-start', difficulty)).shuffle(members).values(),
  )
  while (waiting.length > 0) {
    const ended = new Set<unknown>()
    for (const stratum of waiting) {
      const {done, value} = stratum.next()
      if (done) ended.add(stratum)
      else yield value
    }
    waiting = waiting.filter((stratum) => !ended.has(stratum))
  }
}

function membersOf(targets: Iterable<Pick<Target, 'difficulty'>>): Map<Difficulty, number[]> {
  const members = new Map<Difficulty, number[]>()
  let index = 0
  for (const {difficulty} of targets) {
    const own = members.get(difficulty) ?? []
    members.set(difficulty, own)
    own.push(index++)
  }
  return members
}
