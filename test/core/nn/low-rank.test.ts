import {describe, expect, it} from 'vitest'
import {appendBackward} from '../../../src/core/autodiff/backward.js'
import {lowRank} from '../../../src/core/nn/low-rank.js'
import {Graph} from '../../../src/core/onnx/graph.js'
import {Ops} from '../../../src/core/onnx/ops.js'
import type {Value} from '../../../src/core/onnx/types.js'
import {Session} from '../../../src/core/runtime/session.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {worstGradientError} from '../../support/grad-check.js'

interface Sizes {
  readonly inputs: number
  readonly outputs: number
  readonly rank: number
  readonly scale: number
}

type Tensors = Readonly<Record<string, Float32Array>>

/** x of 64 rows, A and B. */
function drawn({inputs, outputs, rank}: Sizes): Tensors {
  const sampler = new Sampler(streamSeed(8, 'low rank', inputs, outputs, rank))
  const draw = (length: number) => Float32Array.from({length}, () => sampler.next() - 0.5)
  return {x: draw(64 * inputs), a: draw(rank * inputs), b: draw(outputs * rank)}
}

/** The output of the first `rows` rows, and its gradients where the loss is its sum of squares. */
async function outputsOf({inputs, outputs, rank, scale}: Sizes, {x, a, b}: Tensors, rows: number, threads: number) {
  const op = new Ops(new Graph())
  const fed = [op.input('x', [rows, inputs]), op.input('a', [rank, inputs]), op.input('b', [outputs, rank])]
  const y = lowRank(op, fed[0], fed[1], fed[2], scale)
  op.graph.output('y', y)
  appendBackward(op, op.total(op.mul(y, y)), fed).forEach((gradient, i) => {
    op.graph.output(`d${'xab'[i]}`, gradient)
  })
  const session = await Session.compile(op.graph, {device: 'cpu', threads})
  const found = await session.run({x: x.subarray(0, rows * inputs), a, b})
  await session.release()
  return found as Tensors
}

describe('low-rank products', () => {
  it.each([3, 16, 24, 40])('of rank %d are scale (x A^T) B^T', async (rank) => {
    const sizes = {inputs: 7, outputs: 5, rank, scale: 1.5}
    const tensors = drawn(sizes)
    const {x, a, b} = tensors
    const {y} = await outputsOf(sizes, tensors, 4, 1)
    const sum = (length: number, term: (i: number) => number) =>
      Array.from({length}, (_, i) => term(i)).reduce((total, value) => total + value, 0)
    for (let row = 0; row < 4; row++)
      for (let column = 0; column < 5; column++) {
        const narrow = (k: number) => sum(7, (i) => x[row * 7 + i] * a[k * 7 + i])
        expect(y[row * 5 + column]).toBeCloseTo(1.5 * sum(rank, (k) => narrow(k) * b[column * rank + k]), 5)
      }
  })

  it.each([1, 20])('of rank %d have the gradients that central differences have', async (rank) => {
    const shapes = [
      [4, 6],
      [rank, 6],
      [5, rank],
    ]
    const build = (op: Ops, x: Value, a: Value, b: Value) => lowRank(op, x, a, b, 2)
    expect(await worstGradientError({shapes, build})).toBeLessThan(1e-8)
  })

  // Of 9,000 inputs onnxruntime gives 8 threads a row each; a scale of 2 is where a factor might become 1.
  it.each([
    [1, 2],
    [8, 1],
    [8, 2],
    [24, 2],
  ])('of rank %d, scale %d give a row the same bits among any rows, with any threads', async (rank, scale) => {
    const sizes = {inputs: 9000, outputs: 320, rank, scale}
    const tensors = drawn(sizes)
    const whole = await outputsOf(sizes, tensors, 64, 1)
    for (const threads of [1, 2, 3, 4, 8])
      for (const rows of [2, 8, 17, 64]) {
        const part = await outputsOf(sizes, tensors, rows, threads)
        const names = rows === 64 ? ['y', 'dx', 'da', 'db'] : ['y', 'dx']
        const other = names.filter((name) => part[name].some((value, i) => value !== whole[name][i]))
        expect(other, `${rows} rows, ${threads} threads`).toEqual([])
      }
  })
})
