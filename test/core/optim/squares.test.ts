import {describe, expect, it} from 'vitest'
import {joinBlocks, layOutSquares, sumBlocks, sumOfSquares} from '../../../src/core/optim/squares.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'

const block = 2 ** 18

/** Gradients of several blocks and of few values, each value drawn. */
function gradientsOf(draw: (sampler: Sampler, index: number) => number): Float32Array[] {
  const sampler = new Sampler(streamSeed(2, 'gradients'))
  return [7, 2.5 * block, 40, 3 * block, 1].map((length) =>
    Float32Array.from({length}, (_, index) => draw(sampler, index)),
  )
}

/** Rows that are looked up have a gradient, the others none. */
const sparse = (sampler: Sampler, index: number) => (Math.floor(index / 64) % 50 === 0 ? sampler.normal() : 0)
/** From 2 on, where the last bit is 2^-51, each square is an odd number of halves of it: which way it is rounded depends on the sum. */
const ties = (sampler: Sampler, index: number) => (index < 1 ? 1 : (1 + 2 * sampler.integer(4)) * 2 ** -26)

const cases: Record<string, (sampler: Sampler, index: number) => number> = {
  plain: (sampler) => 1e-3 * sampler.normal(),
  'of a few large values': (sampler) => sampler.normal() ** 9,
  'of rows that are looked up': sparse,
  'of ties': ties,
  'of the last ones larger': (sampler, index) => sampler.normal() * (index > 2.9 * block ? 1e6 : 1),
  'of the smallest numbers': (sampler) => sampler.integer(5) * 2 ** -149,
  'of zeros': () => 0,
  'with an infinity': (sampler, index) => (index === block ? Number.POSITIVE_INFINITY : sampler.normal()),
  'with NaN': (sampler, index) => (index === block + 1 ? Number.NaN : sampler.normal()),
}

function joined(gradients: readonly Float32Array[]): number {
  const job = layOutSquares(gradients)
  sumBlocks(job)
  return joinBlocks(job)
}

describe('squares summed in blocks', () => {
  it.each(Object.entries(cases))('are the bits of one sum: %s', (_, draw) => {
    const gradients = gradientsOf(draw)
    expect(joined(gradients)).toBe(sumOfSquares(gradients))
  })

  it('are mostly not summed anew: the guesses are right', () => {
    for (const draw of [cases.plain, sparse]) {
      const gradients = gradientsOf(draw)
      let sum = 0
      const right = layOutSquares(gradients).tensors.flatMap(({gradient, powers}) =>
        [...powers].map((power, i) => {
          const isRight = power <= sum && sum < 2 * power
          sum += sumOfSquares([gradient.subarray(i * block, (i + 1) * block)])
          return isRight
        }),
      )
      expect(right.filter(Boolean).length).toBeGreaterThanOrEqual(right.length - 3)
    }
  })

  it('take what was summed for them', () => {
    const job = layOutSquares(gradientsOf(cases.plain))
    sumBlocks(job)
    const sum = joinBlocks(job)
    for (const {increments} of job.tensors) for (const sums of increments) sums.fill(0)
    expect(joinBlocks(job)).toBeLessThan(0.9 * sum)
  })
})
