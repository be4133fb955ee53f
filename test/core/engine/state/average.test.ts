import {cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import type {LocalEngine} from '../../../../src/core/engine/local-engine.js'
import {DataError, RuntimeFailure} from '../../../../src/core/util/errors.js'
import {type FloatValues, writeSafetensors} from '../../../../src/core/weights/index.js'
import {readTensors} from '../../../support/read-tensors.js'
import {optimizer, promptsOf, temporaryFolder, tinyEngine} from '../../../support/tiny-engine.js'

const file = 'average.safetensors'

const update = (engine: LocalEngine, length: number) =>
  engine.updateLanguageModel({
    rows: [{ids: promptsOf([length], 1)[0].ids, trainedFrom: 1}],
    rowsPerMicroBatch: 1,
    mode: 'whole',
    optimizer: {...optimizer, learningRate: 0.01},
  })

async function saved(engine: LocalEngine, dtype: 'float32' | 'bfloat16' = 'float32'): Promise<string> {
  const folder = temporaryFolder()
  await engine.save(folder, true, {dtype})
  return folder
}

function tensorsOf(folder: string, name = 'model.safetensors'): Map<string, number[]> {
  return new Map([...readTensors(join(folder, name))].map(([tensor, {data}]) => [tensor, Array.from(data, Number)]))
}

/** Whether an engine keeps an average: it answers questions to it then. */
async function hasAverage(engine: LocalEngine): Promise<boolean> {
  const query = {of: 'average', prompt: Int32Array.of(3), continuation: Int32Array.of(4)} as const
  return engine.logprobs([query], {batchTokens: 64}).then(
    () => true,
    (error) => {
      expect(error).toBeInstanceOf(RuntimeFailure)
      return false
    },
  )
}

describe('the average of the weights', () => {
  it('is what a loop in float64 finds', async () => {
    const tau = 0.9
    const engine = await tinyEngine()
    await engine.keepAverage()
    const expected = tensorsOf(await saved(engine))
    for (const length of [20, 24, 28, 32]) {
      await update(engine, length)
      await engine.blendAverage(tau)
      for (const [name, weights] of tensorsOf(await saved(engine)))
        for (const [i, average] of expected.get(name)!.entries())
          expected.get(name)![i] = tau * average + (1 - tau) * weights[i]
    }
    const folder = await saved(engine)
    const [averages, weights] = [tensorsOf(folder, file), tensorsOf(folder)]
    expect([...averages.keys()].sort()).toEqual([...weights.keys()].sort())
    for (const [name, values] of averages) {
      const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.get(name)![i])), 0)
      const moved = values.reduce((most, value, i) => Math.max(most, Math.abs(value - weights.get(name)![i])), 0)
      expect(worst, name).toBeLessThan(3e-7)
      expect(moved, name).toBeGreaterThan(1e-3)
    }
    await engine.close()
  })

  it('is the weights where tau is 0, and stays where tau is 1', async () => {
    const engine = await tinyEngine()
    await engine.keepAverage()
    const start = tensorsOf(await saved(engine), file)
    await update(engine, 20)
    await engine.blendAverage(1)
    expect(tensorsOf(await saved(engine), file)).toEqual(start)
    await engine.blendAverage(0)
    const folder = await saved(engine)
    expect(tensorsOf(folder, file)).toEqual(tensorsOf(folder))
    expect(tensorsOf(folder, file)).not.toEqual(start)
    await engine.close()
  })

  it('cannot be moved before it is kept, and is forgotten with the model', async () => {
    const engine = await tinyEngine()
    await expect(engine.blendAverage(0.9)).rejects.toThrow(RuntimeFailure)
    await engine.keepAverage()
    const folder = temporaryFolder()
    await engine.save(folder, false)
    expect(await hasAverage(engine)).toBe(true)
    await expect(engine.load({checkpoint: temporaryFolder()})).rejects.toThrow()
    expect(await hasAverage(engine)).toBe(true)
    await engine.load({checkpoint: folder})
    expect(await hasAverage(engine)).toBe(false)
    await expect(engine.blendAverage(0.9)).rejects.toThrow(/none was kept/)
    await engine.close()
  })
})

describe('a checkpoint', () => {
  it.each(['float32', 'bfloat16'] as const)('brings the average back bit for bit, weights in %s', async (dtype) => {
    const engine = await tinyEngine()
    await engine.keepAverage()
    await update(engine, 20)
    await engine.blendAverage(0.99)
    const folder = await saved(engine, dtype)
    const resumed = await tinyEngine({seed: 7})
    await resumed.load({checkpoint: folder})
    await resumed.restoreOptimizer(folder)
    expect(await hasAverage(resumed)).toBe(true)
    for (const one of [engine, resumed]) {
      await update(one, 24)
      await one.blendAverage(0.99)
    }
    const [expected, actual] = [await saved(engine), await saved(resumed)]
    for (const name of [file, 'model.safetensors', 'optimizer.safetensors'])
      expect(readFileSync(join(actual, name)).equals(readFileSync(join(expected, name))), name).toBe(true)
    await Promise.all([engine.close(), resumed.close()])
  })

  it('of a run without an average has no file for it, and restoring says so', async () => {
    const engine = await tinyEngine()
    const without = await saved(engine)
    expect(readdirSync(without).sort()).toEqual(['config.json', 'model.safetensors', 'optimizer.safetensors'])
    await engine.keepAverage()
    const weightsOnly = temporaryFolder()
    await engine.save(weightsOnly, false)
    expect(readdirSync(weightsOnly).sort()).toEqual(['config.json', 'model.safetensors'])
    await engine.restoreOptimizer(without)
    expect(await hasAverage(engine)).toBe(false)
    await engine.close()
  })

  const rewrite = (change: (tensors: Map<string, FloatValues>) => void) => async (path: string) => {
    const tensors = new Map(readTensors(path)) as Map<string, FloatValues>
    change(tensors)
    rmSync(path)
    await writeSafetensors(path, tensors)
  }
  const norm = 'model.norm.weight'

  it.each<[string, (path: string) => unknown, RegExp]>([
    ['cut short', (path) => truncateSync(path, 10_000), /not a valid safetensors file/],
    ['empty', (path) => truncateSync(path, 0), /not a valid safetensors file/],
    ['other text', (path) => writeFileSync(path, 'an average, once upon a time'), /not a valid safetensors file/],
    ['without a tensor', rewrite((tensors) => tensors.delete(norm)), /model\.norm\.weight does not fit the model/],
    [
      'of another shape',
      rewrite((tensors) => tensors.set(norm, {shape: [1], data: Float32Array.of(1)})),
      /model\.norm\.weight does not fit the model/,
    ],
  ])('whose average is %s is refused, naming the file', async (_, spoil, message) => {
    const engine = await tinyEngine()
    await engine.keepAverage()
    const folder = temporaryFolder()
    cpSync(await saved(engine), folder, {recursive: true})
    await spoil(join(folder, file))
    await engine.load({checkpoint: folder})
    const restoring = engine.restoreOptimizer(folder)
    await expect(restoring).rejects.toThrow(DataError)
    await expect(restoring).rejects.toThrow(join(folder, file))
    await expect(restoring).rejects.toThrow(message)
    expect(await hasAverage(engine)).toBe(false)
    await engine.close()
  })
})
