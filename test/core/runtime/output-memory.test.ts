import {expect, it} from 'vitest'
import {countOutputs, freeOutputs} from '../../../src/core/runtime/output-memory.js'

/** An array that nobody holds once this has returned. */
const forgotten = () => new WeakRef(new Float32Array(1000).buffer)
const laterTask = () => new Promise((resolve) => setImmediate(resolve))

it('outputs that nobody holds are freed once enough were handed out, not before', async () => {
  const held = new Float32Array(1000)
  const kept = new WeakRef(held.buffer)
  const output = forgotten()
  await laterTask()
  countOutputs(2 ** 20)
  freeOutputs()
  expect(output.deref()).toBeDefined()
  await laterTask()
  countOutputs(2 ** 28)
  freeOutputs()
  expect(output.deref()).toBeUndefined()
  expect(kept.deref()).toBe(held.buffer)
})
