import {chunksOf} from '../util/chunks-of.js'
import {Sampler, streamSeed} from '../util/rng.js'

/** An order of all items, drawn from a stream: numbers from 0. */
export type Permutation = (sampler: Sampler) => readonly number[]

/**
 * The order in which items are visited: every epoch is a seeded permutation of its own.
 *
 * The k-th visit depends on seed, name, number of items and k, so a run resumes from a single number.
 */
export class VisitOrder {
  private epoch = -1
  private permutation: readonly number[] = []

  /** @param permute the order of an epoch; any order is as probable as any other when absent */
  constructor(
    private readonly count: number,
    private readonly seed: number,
    private readonly name: string,
    private readonly permute: Permutation = (sampler) => sampler.shuffle(Array(count).keys()),
  ) {}

  /** Index of the item at visit k = 0, 1, ... */
  at(visit: number): number {
    const epoch = Math.floor(visit / this.count)
    if (epoch !== this.epoch) {
      this.permutation = this.permute(new Sampler(streamSeed(this.seed, this.name, epoch)))
      this.epoch = epoch
    }
    return this.permutation[visit % this.count]
  }
}

/**
 * Orders in which items of one document come one after the other, `length` at a time: the items of every document are shuffled
 * and cut into runs, then the runs are shuffled. The last run of a document may be shorter.
 *
 * @param documents numbers of the items of each document
 */
export function documentRuns(documents: readonly (readonly number[])[], length: number): Permutation {
  return (sampler) => {
    const runs = documents.flatMap((own) => [...chunksOf(sampler.shuffle(own), length)])
    return sampler.shuffle(runs).flat()
  }
}
