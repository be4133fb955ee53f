import {cpSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeEach, describe, expect, it} from 'vitest'
import {writeFolder} from '../../../src/core/files/index.js'
import {resolveModel} from '../../../src/core/runs/resolve-model.js'
import {checkpointFolder} from '../../../src/core/runs/run-checkpoints.js'
import {DataError} from '../../../src/core/util/errors.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {temporaryFolder} from '../../support/tiny-engine.js'

let run: string
beforeEach(async () => {
  run = join(temporaryFolder(), 'letters')
  mkdirSync(join(run, 'checkpoints'), {recursive: true})
  writeFileSync(join(run, 'config.resolved.yaml'), '')
  for (const step of [1, 2]) await writeFolder(checkpointFolder(run, step), (folder) => fill(folder, step))
})

async function fill(folder: string, step: number): Promise<void> {
  mkdirSync(join(folder, 'merged'))
  const state = {step, objective: 'rpt', visits: 0, numTokens: 0, wallSeconds: 0, configHash: '', seed: 0}
  writeFileSync(join(folder, 'trainer-state.json'), JSON.stringify(state))
  const own = ['config.json', 'model.safetensors', 'generation_config.json', 'optimizer.safetensors']
  for (const name of [...own, 'merged/config.json', 'merged/model.safetensors']) writeFileSync(join(folder, name), '{}')
}

/** Changes a file and leaves its size. */
function spoil(step: number, name = 'model.safetensors'): string {
  const file = join(checkpointFolder(run, step), name)
  writeFileSync(file, '[]'.repeat(readFileSync(file).length / 2))
  return file
}

const merged = () => join(checkpointFolder(run, 2), 'merged')

describe('a checkpoint of a run that is not as it was written', () => {
  it('is passed over, and said, where the run is named', async () => {
    const lines: string[] = []
    const file = spoil(2)
    const found = await resolveModel(run, undefined, {progress: {...silentProgress, warn: (line) => lines.push(line)}})
    expect(found).toMatchObject({folder: checkpointFolder(run, 1), run: 'letters', step: 1})
    expect(lines).toEqual([expect.stringContaining(`a checkpoint is skipped: ${file} has changed`)])
  })

  it('is refused where it is named by step or folder, and where no other is left', async () => {
    spoil(2)
    // printf '[]' | sha256sum; printf '{}' | sha256sum
    const hashes =
      /model\.safetensors has changed: its sha256 begins with 4f53cda18c2b, the manifest's with 44136fa355b3/
    for (const find of [() => resolveModel(run, 2), () => resolveModel(checkpointFolder(run, 2))]) {
      await expect(find()).rejects.toThrow(DataError)
      await expect(find()).rejects.toThrow(hashes)
    }
    expect(await resolveModel(run, 1)).toMatchObject({step: 1})
    rmSync(join(checkpointFolder(run, 1), 'config.json'))
    await expect(resolveModel(run)).rejects.toThrow(/none of the 2 checkpoints of .*letters is as it was written/)
  })

  it('is refused as the base of adapters', async () => {
    const adapters = temporaryFolder()
    const target = {peft_type: 'LORA', r: 1, lora_alpha: 1, target_modules: ['q_proj']}
    const config = {...target, base_model_name_or_path: checkpointFolder(run, 2)}
    writeFileSync(join(adapters, 'adapter_config.json'), JSON.stringify(config))
    expect(await resolveModel(adapters)).toMatchObject({base: checkpointFolder(run, 2)})
    spoil(2)
    await expect(resolveModel(adapters)).rejects.toThrow('is damaged')
  })

  it('may have another optimizer or other settings of generation, or no manifest to compare it with', async () => {
    for (const name of ['optimizer.safetensors', 'generation_config.json']) spoil(2, name)
    expect(await resolveModel(run)).toMatchObject({step: 2})
    spoil(2)
    rmSync(join(checkpointFolder(run, 2), 'manifest.json'))
    for (const path of [run, checkpointFolder(run, 2)]) expect(await resolveModel(path)).toMatchObject({step: 2})
  })
})

describe('the merged part of a checkpoint of adapters', () => {
  it('is called what the checkpoint is called', async () => {
    expect(await resolveModel(merged())).toMatchObject({run: 'letters', objective: 'rpt', step: 2, folder: merged()})
  })

  it('is compared with the manifest by its own files alone', async () => {
    spoil(2)
    expect(await resolveModel(merged())).toMatchObject({step: 2})
    spoil(2, 'merged/model.safetensors')
    await expect(resolveModel(merged())).rejects.toThrow(/merged.model\.safetensors has changed/)
    expect(await resolveModel(run)).toMatchObject({step: 1})
  })
})

it('a checkpoint copied out of its run has the name of its own folder', async () => {
  const copy = join(temporaryFolder(), 'checkpoints', 'best')
  cpSync(checkpointFolder(run, 2), copy, {recursive: true})
  for (const folder of [copy, join(copy, 'merged')])
    expect(await resolveModel(folder)).toMatchObject({run: 'best', objective: 'rpt', step: 2})
  cpSync(copy, join(run, 'copies', 'best'), {recursive: true})
  expect(await resolveModel(join(run, 'copies', 'best'))).toMatchObject({run: 'best'})
  rmSync(join(copy, 'trainer-state.json'))
  expect(await resolveModel(copy)).toMatchObject({run: 'best', objective: 'base', step: 0})
})
