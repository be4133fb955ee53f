import {Sampler, streamSeed} from '../util/rng.js'

/**
 * The order in which items are visited: every epoch is a seeded permutation of its own.
 *
 * The k-th visit depends on seed, name, number of items and k, so a run resumes from a single number.
 */
export class VisitOrder {
  private epoch = -1
  private permutation: readonly number[] = []

  constructor(
    private readonly count: number,
    private readonly seed: number,
    private readonly name: string,
  ) {}

  /** Index of the item at visit k = 0, 1, ... */
  at(visit: number): number {
    const epoch = Math.floor(visit / this.count)
    if (epoch !== this.epoch) {
      this.permutation = new Sampler(streamSeed(this.seed, this.name, epoch)).shuffle(Array(this.count).keys())
      this.epoch = epoch
    }
    return this.permutation[visit % this.count]
  }
}
