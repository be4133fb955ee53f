import {createHash} from 'node:crypto'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import type {Engine} from '../../../src/core/engine/engine.js'
import {loadModel} from '../../../src/core/engine/load-model.js'
import {silentProgress} from '../../../src/core/util/progress.js'

/** A checkpoint whose manifest has these files, as they are. */
function checkpointWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'rpt-load-'))
  const listed = Object.entries(files).map(([name, text]) => {
    writeFileSync(join(folder, name), text)
    return [name, {size: text.length, sha256: createHash('sha256').update(text).digest('hex')}]
  })
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({files: Object.fromEntries(listed)}))
  return folder
}

const weights = {'model.safetensors': 'w', 'optimizer.safetensors': 'o', 'trainer-state.json': '{}'}
const adapters = {'adapter_model.safetensors': 'a', 'trainer-state.json': '{}'}

/** Loads with an engine that takes anything. */
async function load(checkpoint: string, adapter?: string) {
  const engine = {load: async () => ({parameterCount: 1, adapterCount: 0})} as unknown as Engine
  const saved = adapter === undefined ? {} : {adapter: {folder: adapter, isMerged: false}}
  return loadModel(engine, {checkpoint, ...saved}, silentProgress)
}

it('refuses weights and adapters of a run that are not those that were written, and names them', async () => {
  const [base, adapter] = [checkpointWith(weights), checkpointWith(adapters)]
  await expect(load(base, adapter)).resolves.toMatchObject({parameterCount: 1})
  writeFileSync(join(adapter, 'adapter_model.safetensors'), 'b')
  await expect(load(base, adapter)).rejects.toThrow(/ is damaged: .*adapter_model\.safetensors has changed/)
  writeFileSync(join(base, 'model.safetensors'), 'v')
  await expect(load(base)).rejects.toThrow(/ is damaged: .*model\.safetensors has changed: its sha256/)
  for (const folder of [base, adapter]) rmSync(folder, {recursive: true})
})

it('takes weights whose optimizer has changed, and those that no run wrote or whose manifest was removed', async () => {
  const folder = checkpointWith(weights)
  writeFileSync(join(folder, 'optimizer.safetensors'), 'p')
  await expect(load(folder)).resolves.toBeDefined()
  writeFileSync(join(folder, 'model.safetensors'), 'v')
  rmSync(join(folder, 'trainer-state.json'))
  await expect(load(folder)).resolves.toBeDefined()
  writeFileSync(join(folder, 'trainer-state.json'), '{}')
  rmSync(join(folder, 'manifest.json'))
  await expect(load(folder)).resolves.toBeDefined()
  rmSync(folder, {recursive: true})
})
