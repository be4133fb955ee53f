import type {Worker} from 'node:worker_threads'
import {afterEach, describe, expect, it} from 'vitest'
import type {StepJob, SteppedTensor} from '../../../src/core/optim/step-job.js'
import {StepThreads} from '../../../src/core/optim/step-threads.js'
import {RuntimeFailure} from '../../../src/core/util/errors.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {toHalves} from '../../../src/core/util/to-halves.js'

const settings = {learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1}
/** One far larger than the others, as an embedding is; a vector of one value. */
const sizes = [700, 3, 40, 300, 1, 250, 250, 60]

function tensorsOf(seed: number): SteppedTensor[] {
  return sizes.map((length, index) => {
    const sampler = new Sampler(streamSeed(seed, index))
    const random = () => Float32Array.from({length}, () => sampler.normal())
    const moments = {first: new Float32Array(length), second: new Float32Array(length)}
    return {weight: random(), gradient: random(), moments, weightDecay: length > 3 ? 0.1 : 0}
  })
}

function jobOf(tensors: readonly SteppedTensor[], step: number): StepJob {
  return {tensors, settings, step, gradientScale: 0.3}
}

/** Weights and moments after three steps, and on how many other threads they were taken. */
async function stepped(threads: StepThreads) {
  let tensors: readonly SteppedTensor[] = tensorsOf(0)
  let given = tensors
  for (let step = 1; step <= 3; step++) {
    const fresh = tensorsOf(step)
    given = tensors.map((tensor, i) => ({...tensor, gradient: fresh[i].gradient}))
    tensors = await threads.run(jobOf(given, step))
  }
  const movedCount = given.filter(({weight}) => weight.length === 0).length
  const values = tensors.map(({weight, moments: {first, second}}) => ({weight, first, second}))
  return {values, movedCount}
}

function halvesOf(values: Float32Array): Uint16Array {
  const halves = new Uint16Array(values.length)
  toHalves(values, halves)
  return halves
}

describe('AdamW on several threads', () => {
  const opened: StepThreads[] = []
  const open = (count: number, least: number) => {
    opened.push(new StepThreads(count, least))
    return opened.at(-1)!
  }
  afterEach(async () => {
    for (const threads of opened.splice(0)) await threads.close()
  })

  it('changes no bit, whatever the number of threads, and hands memory over to them', async () => {
    const alone = await stepped(open(1, 1))
    expect(alone.movedCount).toBe(0)
    for (const count of [2, 3, 16]) {
      const together = await stepped(open(count, 1))
      expect(together.values).toEqual(alone.values)
      // All but the largest, or it and what goes with it, went elsewhere.
      expect(together.movedCount).toBeGreaterThan(0)
      expect(together.movedCount).toBeLessThan(sizes.length)
    }
  })

  it('rounds the stepped weights to float16 where a copy is kept, on whatever thread', async () => {
    const [alone, together] = await Promise.all(
      [open(1, 1), open(3, 1)].map((threads) => {
        const tensors = tensorsOf(0).map((one, i) => (i % 2 === 0 ? {...one, halves: new Uint16Array(sizes[i])} : one))
        return threads.run(jobOf(tensors, 1))
      }),
    )
    expect(together).toEqual(alone)
    for (const [i, {weight, halves}] of alone.entries())
      expect(halves).toEqual(i % 2 === 0 ? halvesOf(weight) : undefined)
  })

  it('takes the step of a small model here', async () => {
    expect((await stepped(open(2, 1000))).movedCount).toBe(0)
    expect((await stepped(open(2, 800))).movedCount).toBeGreaterThan(0)
  })

  it('says so where a thread fails', async () => {
    const tensors = tensorsOf(0).map((tensor, i) =>
      i === 3 ? {...tensor, weightDecay: 1n as unknown as number} : tensor,
    )
    const threads = open(2, 1)
    const failure = threads.run(jobOf(tensors, 1))
    await expect(failure).rejects.toThrow(RuntimeFailure)
    await expect(failure).rejects.toThrow('a thread of the optimizer failed: Cannot mix BigInt')
    // The thread has ended; another takes the next step.
    expect((await stepped(threads)).values).toEqual((await stepped(open(1, 1))).values)

    // One that ends while it waits has lost nothing, and is not replaced in silence.
    const {helpers} = threads as unknown as {helpers: {worker: Worker}[]}
    await helpers[0].worker.terminate()
    const given = tensorsOf(0)
    await expect(threads.run(jobOf(given, 1))).rejects.toThrow(
      'a thread of the optimizer ended between two steps: it ended with code 1',
    )
    expect(given.every(({weight}, i) => weight.length === sizes[i])).toBe(true)
    expect((await stepped(threads)).values).toEqual((await stepped(open(1, 1))).values)

    const handedOn = tensorsOf(0)
    for (const {gradient} of handedOn) structuredClone(gradient, {transfer: [gradient.buffer as ArrayBuffer]})
    await expect(open(2, 1).run(jobOf(handedOn, 1))).rejects.toThrow('Unable to deserialize')
  })
})
