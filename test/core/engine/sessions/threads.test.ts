import {describe, expect, it} from 'vitest'
import {invariantThreads} from '../../../../src/core/engine/sessions/threads.js'
import {Graph} from '../../../../src/core/onnx/graph.js'
import {Ops} from '../../../../src/core/onnx/ops.js'
import {Session} from '../../../../src/core/runtime/session.js'
import {Sampler, streamSeed} from '../../../../src/core/util/rng.js'
import {tinyModel} from '../../../support/tiny-model.js'

/** x [rows, inner] times w [columns, inner] transposed, as a linear layer computes it. */
async function product(rows: number, columns: number, inner: number, threads: number): Promise<Uint8Array> {
  const sampler = new Sampler(streamSeed(5, 'product', rows, columns, inner))
  const draw = (length: number) => Float32Array.from({length}, () => sampler.normal())
  const op = new Ops(new Graph())
  const [x, w] = [op.input('x', [rows, inner]), op.input('w', [columns, inner])]
  op.graph.output('y', op.fusedMatMul(x, w, {transB: 1}))
  const session = await Session.compile(op.graph, {device: 'cpu', threads})
  const {y} = await session.run({x: draw(rows * inner), w: draw(columns * inner)})
  await session.release()
  return new Uint8Array(y.buffer, y.byteOffset, y.byteLength)
}

describe('threads', () => {
  it('are bounded by the width of the model, never by less than one', () => {
    const threads = (hidden_size: number) =>
      invariantThreads(tinyModel({hidden_size, vocab_size: 1000, intermediate_size: 2000}), 16)
    expect([8, 128, 160, 256, 896].map(threads)).toEqual([1, 1, 2, 3, 11])
    expect(invariantThreads(tinyModel({hidden_size: 896, vocab_size: 90, intermediate_size: 2000}), 2)).toBe(1)
  })

  it('of that number leave every product as one thread computes it', async () => {
    const sampler = new Sampler(streamSeed(6, 'shapes'))
    for (let i = 0; i < 10; i++) {
      const shape = [2 + sampler.integer(300), 160 + sampler.integer(300), 2 + sampler.integer(900)] as const
      expect(await product(...shape, 2), `rows, columns, inner: ${shape}`).toEqual(await product(...shape, 1))
    }
  })
})
