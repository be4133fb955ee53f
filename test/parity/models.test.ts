import {mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {causalHiddenStates, decoderGraph} from '../../src/core/engine/graphs/decoder-graph.js'
import {LocalEngine} from '../../src/core/engine/local-engine.js'
import {loadWeights} from '../../src/core/engine/state/checkpoint.js'
import {ModelState} from '../../src/core/engine/state/model-state.js'
import {logitsOf} from '../../src/core/models/decoder.js'
import {readModelConfig} from '../../src/core/models/model-config.js'
import {Session} from '../../src/core/runtime/session.js'
import {streamSeed} from '../../src/core/util/rng.js'
import {asCheckpoint} from '../support/random-weights.js'
import {readTensors} from '../support/read-tensors.js'
import {modelDumps, readReference, restoreCheckpoint, worstRatio, worstShare} from './model-dumps.js'

/** Largest difference allowed, relative: to the largest logit or gradient entry of its tensor, or to the loss. */
const limit = 1e-4
const columns = ['logits', 'far logits', 'loss', 'gradients', 'losses', 'clipped losses'] as const
const measured: Record<string, string>[] = []

afterAll(() => console.table(measured))

/** Logits [B*T, V] of rows of tokens; `positions` [B*T] are those of the rows unless given. */
async function logitsFor(checkpoint: string, rows: readonly (readonly number[])[], positions?: readonly number[]) {
  const state = new ModelState(await readModelConfig(checkpoint))
  await loadWeights(state, checkpoint)
  const length = Math.max(...rows.map((row) => row.length))
  const at = positions ?? rows.flatMap(() => [...Array(length).keys()])
  const covered = Math.max(...at) + 1
  const built = decoderGraph(state.config, covered)
  const hidden = causalHiddenStates(built, {rows: rows.length, length})
  built.op.graph.output('logits', logitsOf(built.op, built.weights, hidden))
  const session = await Session.compile(built.op.graph, {device: 'cpu', threads: 1})
  const ids = rows.flatMap((row) => [...row, ...Array<number>(length - row.length).fill(0)])
  const {logits} = await session.run({
    ...state.feeds(covered),
    ids: BigInt64Array.from(ids, BigInt),
    positions: BigInt64Array.from(at, BigInt),
  })
  await session.release()
  const width = length * state.config.vocabulary
  return rows.flatMap((row, i) =>
    Array.from(logits.subarray(i * width, i * width + row.length * state.config.vocabulary) as Float32Array),
  )
}

describe.each(modelDumps)('%s %s', (version, name, folder) => {
  const reference = readReference(folder)
  const expected = (key: string) => reference.tensors.get(key)!
  const row: Record<string, string> = {version, case: name}
  const note = (column: (typeof columns)[number], value: number) => {
    row[column] = value.toExponential(1)
    return value
  }
  let checkpoint: string
  let remove: () => void
  let engine: LocalEngine

  beforeAll(() => {
    ;({checkpoint, remove} = restoreCheckpoint(folder))
    engine = new LocalEngine({device: 'cpu', threads: 1})
    measured.push(row)
  })
  afterAll(async () => {
    await engine.close()
    remove()
  })

  /** Losses of the ten steps; after the first, what `afterFirst` looks at. */
  async function train(maxGradNorm: number, afterFirst?: () => Promise<void>) {
    await engine.load({checkpoint})
    const updates = []
    for (const rows of reference.batches) {
      const update = await engine.updateLanguageModel({
        rows: rows.map((ids) => ({ids: Int32Array.from(ids), trainedFrom: 1})),
        rowsPerMicroBatch: 2,
        mode: 'whole',
        optimizer: {...reference.optimizer, maxGradNorm},
      })
      updates.push(update!)
      if (updates.length === 1) await afterFirst?.()
    }
    return {losses: updates.map(({loss}) => loss), norms: updates.map(({gradNorm}) => gradNorm!)}
  }

  it('logits', async () => {
    const logits = await logitsFor(checkpoint, reference.batches[0])
    expect(note('logits', worstShare(logits, expected('logits')))).toBeLessThan(limit)
  })

  it('logits of positions up to 99,999', async () => {
    const {ids, positions} = reference.far
    const logits = await logitsFor(checkpoint, [ids], positions)
    expect(note('far logits', worstShare(logits, expected('far_logits')))).toBeLessThan(limit)
  })

  it('loss, every gradient, and the losses of ten AdamW steps', async () => {
    const {losses, norms} = await train(1e9, async () => {
      const gradients = await firstGradients(engine, checkpoint, reference.optimizer.beta1)
      const names = [...reference.tensors.keys()].filter((key) => key.startsWith('gradient/'))
      expect([...gradients.keys()].map((key) => `gradient/${key}`).sort()).toEqual(names.sort())
      const shares = [...gradients].map(([key, values]) => worstShare(Array.from(values), expected(`gradient/${key}`)))
      expect(note('gradients', Math.max(...shares))).toBeLessThan(limit)
    })
    expect(note('loss', worstRatio([losses[0]], expected('loss')))).toBeLessThan(limit)
    expect(note('losses', worstRatio(losses, expected('losses')))).toBeLessThan(limit)
    expect(worstRatio(norms, expected('norms'))).toBeLessThan(limit)
  })

  it('the losses of ten AdamW steps with clipped gradients', async () => {
    const {losses, norms} = await train(reference.maxGradNorm)
    expect(Math.min(...norms)).toBeGreaterThan(reference.maxGradNorm)
    expect(note('clipped losses', worstRatio(losses, expected('clipped_losses')))).toBeLessThan(limit)
    expect(worstRatio(norms, expected('clipped_norms'))).toBeLessThan(limit)
  })

  it('greedy completions of prompts of different lengths, ended by any end token of the checkpoint', async () => {
    const {endIds} = await readModelConfig(checkpoint)
    await engine.load({checkpoint})
    const {groups} = await engine.rollout({
      prompts: reference.prompts.map((ids, i) => ({ids: Int32Array.from(ids), streams: [streamSeed(0, 'unused', i)]})),
      maxTokens: reference.maxTokens,
      contextsPerBatch: 3,
      sampling: {temperature: 1, greedy: true, endIds},
    })
    expect(groups.map(([{ids}]) => Array.from(ids))).toEqual(reference.completions)
    const ended = reference.completions.map((ids) => endIds.includes(ids.at(-1)!))
    expect(groups.map(([{stopReason}]) => stopReason === 'end-of-text')).toEqual(ended)
    expect(new Set(ended).size).toBe(2)
  })
})

/** Gradients of the first step by Hugging Face name: a first moment is 1 - beta1 of it. */
async function firstGradients(engine: LocalEngine, checkpoint: string, beta1: number) {
  const saved = join(checkpoint, 'saved')
  mkdirSync(saved, {recursive: true})
  await engine.save(saved, true)
  const moments = [...readTensors(join(saved, 'optimizer.safetensors'))].filter(([key]) => key.endsWith('/first'))
  const gradients = new Map(
    moments.map(([key, {data}]) => [
      key.slice(0, -'/first'.length),
      Float64Array.from(data, (moment) => moment / (1 - beta1)),
    ]),
  )
  return asCheckpoint(await readModelConfig(checkpoint), gradients)
}
