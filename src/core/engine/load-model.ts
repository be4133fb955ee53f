import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {manifestName, verifyFolder} from '../files/index.js'
import {DataError} from '../util/errors.js'
import type {Progress} from '../util/progress.js'
import type {Engine, LoadedModel, WeightSource} from './engine.js'

/**
 * Loads weights and says that it does: those of a large model take a while. Throws what `engine.load` throws.
 *
 * @throws {DataError} when files of a run's checkpoint are not those that were written
 */
export async function loadModel(engine: Engine, source: WeightSource, progress: Progress): Promise<LoadedModel> {
  const stage = progress.stage('load the model')
  for (const folder of foldersOf(source)) checkUnchanged(folder)
  const loaded = await engine.load(source)
  const {parameterCount, adapterCount} = loaded
  stage.done(`${parameterCount} parameters${adapterCount > 0 ? `, adapters of ${adapterCount}` : ''}`)
  return loaded
}

/** Folders that weights and adapters are loaded from. */
function foldersOf(source: WeightSource): string[] {
  if (!('checkpoint' in source)) return []
  const {checkpoint, adapter} = source
  return adapter && 'folder' in adapter ? [checkpoint, adapter.folder] : [checkpoint]
}

/** Weights and adapters of a run's checkpoint; what the optimizer knows is checked where a run goes on. */
function checkUnchanged(folder: string): void {
  if (!existsSync(join(folder, 'trainer-state.json')) || !existsSync(join(folder, manifestName))) return
  const verdict = verifyFolder(folder, 'contents', (path) => /^(?:model|adapter_model).*\.safetensors$/.test(path))
  if (verdict.kind === 'invalid')
    throw new DataError(`the checkpoint ${folder} is damaged: ${verdict.reason}`, {
      suggestions: [
        'copy it again, or name another checkpoint',
        `to use it as it is, remove ${join(folder, manifestName)}`,
      ],
    })
}
