import {expect, it} from 'vitest'
import {Graph} from '../../../src/core/onnx/graph.js'
import {Ops} from '../../../src/core/onnx/ops.js'
import {countOutputs, freeArrays, freeOutputs} from '../../../src/core/runtime/output-memory.js'
import {Session} from '../../../src/core/runtime/session.js'

/** An array that nobody holds once this has returned. */
const forgotten = (elements = 2 ** 23) => new WeakRef(new Float32Array(elements).buffer)
const laterTask = () => new Promise((resolve) => setImmediate(resolve))

// V8 may collect by itself in between.
it('outputs that nobody holds are freed once enough were handed out, not before', {retry: 3}, async () => {
  const held = new Float32Array(1000)
  const kept = new WeakRef(held.buffer)
  const output = forgotten()
  await laterTask()
  countOutputs(2 ** 20)
  freeOutputs()
  // Compared here and below: a report of the difference would print the array.
  expect(output.deref() !== undefined).toBe(true)
  await laterTask()
  countOutputs(2 ** 28)
  freeOutputs()
  expect(output.deref() === undefined).toBe(true)
  expect(kept.deref()).toBe(held.buffer)
})

it('what a phase leaves is freed where it is much, and waits where it is little', {retry: 3}, async () => {
  freeArrays()
  const little = forgotten(1000)
  await laterTask()
  freeArrays()
  expect(little.deref() !== undefined).toBe(true)
  const much = forgotten()
  await laterTask()
  freeArrays()
  expect([little, much].map((array) => array.deref() === undefined)).toEqual([true, true])
})

it('a session frees the outputs of its earlier runs', async () => {
  const op = new Ops(new Graph())
  op.graph.output('y', op.expand(op.input('x', []), [2 ** 26]))
  const session = await Session.compile(op.graph, {device: 'cpu', threads: 1}, false)
  const run = async () => new WeakRef((await session.run({x: Float32Array.of(1)})).y.buffer)
  const first = await run()
  await laterTask()
  await run()
  expect(first.deref() === undefined).toBe(true)
  await session.release()
})

it('a session that writes to a given array leaves no copy of it', async () => {
  const op = new Ops(new Graph())
  op.graph.output('y', op.expand(op.input('x', []), [2 ** 20]))
  const session = await Session.compile(op.graph, {device: 'cpu', threads: 1}, false)
  const y = new Float32Array(2 ** 20)
  await session.run({x: Float32Array.of(2)}, {y})
  freeArrays()
  const {arrayBuffers: before} = process.memoryUsage()
  const outputs = await session.run({x: Float32Array.of(3)}, {y})
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 16)
  expect(outputs.y).toBe(y)
  expect([y[0], y.at(-1)]).toEqual([3, 3])
  await session.release()
})
