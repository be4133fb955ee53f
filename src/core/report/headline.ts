import type {Split} from '../statistics/split.js'
import {maxOf, minOf} from '../util/extremes.js'
import {groupBy} from '../util/group-by.js'
import {plural} from '../util/plural.js'
import type {Comparison} from './comparisons.js'
import {points} from './format.js'

/** Lines that the headline names before it counts the rest. */
const namedAtMost = 3

/**
 * One sentence about the first subject of the comparisons: what it is above, level with and below.
 *
 * @returns null if nothing could be compared
 */
export function headlineOf(comparisons: readonly Comparison[]): string | null {
  const known = comparisons.filter(({differences}) => differences !== null)
  const own = known.filter(({subject}) => subject === known[0].subject)
  if (own.length === 0) return null
  const alike = own.filter(({unlike}) => unlike.length === 0)
  const verdicts = [...groupBy(alike, verdictOf)].map(([verdict, same]) =>
    verdict.replace('@', () => whom(same, own.length)),
  )
  const others = own.length - alike.length
  const unlike = others > 0 ? [`not to be compared with ${plural(others, 'line')} of other templates or lengths`] : []
  const subjects = new Set(known.map(({subject}) => subject)).size
  const more = subjects > 1 ? ` (${plural(subjects - 1, 'more run')} below)` : ''
  return `${own[0].subject.label} is ${[...verdicts, ...unlike].join('; ')}${more}.`
}

/** A verdict with `@` for whom it is about, e.g. `above @ on easy and hard, and not distinguishable on medium`. */
function verdictOf({differences}: Comparison): string {
  const named = splitsOf(differences!)
  const places = [
    {word: 'above', splits: named.filter((split) => differences![split]!.isAbove)},
    {word: 'below', splits: named.filter((split) => differences![split]!.isBelow)},
    {
      word: 'not distinguishable',
      splits: named.filter((split) => !differences![split]!.isAbove && !differences![split]!.isBelow),
    },
  ].filter(({splits}) => splits.length > 0)
  return places
    .map(({word, splits}, i) => {
      const from = word.endsWith('able') ? `${word} from` : word
      const where = splits.length === named.length && named.length > 1 ? 'every split' : listed(splits)
      return `${i === 0 ? `${from} @` : word} on ${where}`
    })
    .join(', ')
}

function splitsOf(differences: NonNullable<Comparison['differences']>): Split[] {
  const all = Object.keys(differences) as Split[]
  return all.filter((split) => all.length === 1 || split !== 'all')
}

/** The lines of one verdict by name and lead, or how many of them there are. */
function whom(same: readonly Comparison[], compared: number): string {
  if (same.length > namedAtMost) {
    const leads = same.map(({differences}) => hardest(differences!).difference)
    const range = `${points(minOf(leads))} to ${points(maxOf(leads))} points on ${hardestName(same)}`
    const lines =
      same.length === compared ? `all ${same.length} lines that it is compared with` : `${same.length} other lines`
    return `${lines} (${range})`
  }
  return listed(
    same.map(
      ({other, differences}) => `${other.label} (${points(hardest(differences!).difference)} on ${hardestName(same)})`,
    ),
  )
}

function hardestName([{differences}]: readonly Comparison[]): Split {
  return splitsOf(differences!).at(-1)!
}

function hardest(differences: NonNullable<Comparison['differences']>) {
  return differences[splitsOf(differences).at(-1)!]!
}

/** `a`, `a and b`, `a, b and c`. */
function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
