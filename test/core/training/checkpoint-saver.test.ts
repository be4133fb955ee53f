import {existsSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import {writeFolder} from '../../../src/core/files/index.js'
import {checkpointFolder, checkpointSteps} from '../../../src/core/runs/run-checkpoints.js'
import type {TrainerState} from '../../../src/core/runs/trainer-state.js'
import {CheckpointSaver} from '../../../src/core/training/checkpoint-saver.js'
import {isDue} from '../../../src/core/training/is-due.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {temporaryFolder} from '../../support/tiny-engine.js'

type SavedRun = ConstructorParameters<typeof CheckpointSaver>[0]

const stateAt = (step: number) => ({step}) as TrainerState

/** A saver of a run of 9 steps in a new folder, and how the engine was asked to save. */
function saverOf(checkpoint: object, {saved = 0, disk = {isFull: false}, lora = {}} = {}) {
  const path = temporaryFolder()
  const asked: unknown[] = []
  const lines: string[] = []
  const engine = {
    async save(folder: string, withMoments: boolean, format: unknown) {
      if (disk.isFull) throw new Error('the disk is full')
      asked.push([withMoments, format])
      writeFileSync(join(folder, 'optimizer.safetensors'), 'x')
    },
  }
  const run = {
    path,
    services: {progress: {...silentProgress, log: (line: string) => lines.push(line)}},
    writeCheckpoint: (state: TrainerState, _: unknown, fill: (folder: string) => Promise<void>) =>
      writeFolder(checkpointFolder(path, state.step), fill),
  }
  const config = configSchema.parse({checkpoint, lora, train: {steps: 9}})
  const saver = new CheckpointSaver(
    {run, training: {config, engine}, companions: new Map()} as unknown as SavedRun,
    saved,
  )
  return {saver, path, asked, lines, disk}
}

it('checkpoints are due every so many steps, at the steps that are named, and at the last one', () => {
  const due = (checkpoint: object) => {
    const {saver} = saverOf(checkpoint)
    return [1, 2, 3, 4, 5, 6, 7, 8, 9].filter((step) => saver.isDue(stateAt(step)))
  }
  expect(due({every: 4})).toEqual([4, 8, 9])
  expect(due({every: 4, steps: [1, 5]})).toEqual([1, 4, 5, 8, 9])
  expect(isDue(9, 0, 9), 'evaluations that never come').toBe(false)
})

it('a checkpoint has the moments, is written once, and those before it are gone when it is saved', async () => {
  const {saver, path, asked} = saverOf({keepLast: 1, dtype: 'bfloat16'}, {lora: {merge: true}})
  for (const step of [1, 2, 2, 3]) await saver.save(stateAt(step))
  expect(asked).toEqual(Array(3).fill([true, {dtype: 'bfloat16', isMerged: true}]))
  expect(await checkpointSteps(path)).toEqual([3])
})

it('the checkpoint that a run goes on from is not written again', async () => {
  const {saver, asked} = saverOf({}, {saved: 4})
  await saver.save(stateAt(4))
  expect(asked).toEqual([])
  await saver.save(stateAt(5))
  expect(asked).toHaveLength(1)
})

it('those that an earlier attempt left are gone when the run goes on, and it is said', async () => {
  const {saver, path, lines} = saverOf({keepLast: 2})
  for (const step of [1, 2]) await saver.save(stateAt(step))
  const folder = checkpointFolder(path, 3)
  await writeFolder(folder, async (inside) => writeFileSync(join(inside, 'optimizer.safetensors'), 'x'))
  await saver.removeSurplus(stateAt(3))
  expect(await checkpointSteps(path)).toEqual([2, 3])
  await saver.removeSurplus(stateAt(3))
  expect(lines).toEqual(['train: removed step-000001: checkpoint.keepLast is 2'])
})

it('a checkpoint that cannot be written takes none away, and may be tried again', async () => {
  const {saver, path, disk} = saverOf({keepLast: 1})
  await saver.save(stateAt(1))
  disk.isFull = true
  await expect(saver.save(stateAt(2))).rejects.toThrow('the disk is full')
  expect(await checkpointSteps(path)).toEqual([1])
  disk.isFull = false
  await saver.save(stateAt(2))
  expect(existsSync(checkpointFolder(path, 2))).toBe(true)
})
