import {readFileSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {guardRead, otherHash, storageFailure} from '../files/index.js'
import {type LocalFile, readLocal} from '../hub/local-file.js'
import {missingModelFiles, modelFiles} from '../hub/model-files.js'
import {adapterConfigName} from '../models/adapter-files.js'
import {companionNames} from '../runs/companions.js'
import {Interrupted} from '../util/errors.js'
import type {Services} from '../util/services.js'
import type {BaseModel} from './base-model.js'
import {damaged, type TrainedRun} from './trained-run.js'

/** A file to send, not read yet. */
export interface ChosenFile {
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Of the content, hexadecimal, as the checkpoint says; null for what is made here. */
  readonly sha256: string | null
  /** Absolute path, or the content itself. */
  readonly source: string | Buffer
}

/** The one of the model card. */
export const cardName = 'README.md'

/**
 * The files of a checkpoint that a model is loaded from: weights or adapters, configuration, tokenizer; not the optimizer's.
 *
 * @param base stands in adapters' description for what this machine called it
 * @throws {DataError} when one is missing or has another size than was written
 */
export function chooseFiles(run: TrainedRun, base: BaseModel | null): ChosenFile[] {
  const {folder, files} = run
  const all = Object.keys(files).sort()
  const names = all.filter((name) => modelFiles(name, all) || companionNames.includes(name))
  const [missing] = missingModelFiles(folder, names, modelFiles)
  if (missing) throw damaged(folder, `${missing} is missing`)
  return names.map((path) => {
    const source = join(folder, path)
    const {size, sha256} = files[path]
    const seen = guardRead('reading', source, () => statSync(source)).size
    if (seen !== size) throw damaged(folder, `${path} has ${seen} bytes, expected ${size}`)
    return path === adapterConfigName && base ? onBase(source, base) : {path, size, sha256, source}
  })
}

/** The description of adapters, with the base as others find it. */
function onBase(file: string, {id, revision}: BaseModel): ChosenFile {
  const config = JSON.parse(guardRead('reading', file, () => readFileSync(file, 'utf8')))
  return madeHere(adapterConfigName, `${JSON.stringify({...config, base_model_name_or_path: id, revision}, null, 2)}\n`)
}

/** A file whose text is made here. */
export function madeHere(path: string, text: string): ChosenFile {
  const source = Buffer.from(text)
  return {path, size: source.length, sha256: null, source}
}

/**
 * Reads files through, so that what is sent is what the run wrote.
 *
 * @throws {DataError} when one has changed since
 * @throws {Interrupted} when the user stops
 */
export async function readFiles(
  {folder}: TrainedRun,
  files: readonly ChosenFile[],
  {progress, signal}: Pick<Services, 'progress' | 'signal'>,
): Promise<LocalFile[]> {
  const total = files.reduce((sum, {size}) => sum + size, 0)
  const stage = progress.stage('check the checkpoint', total, 'bytes')
  const read: LocalFile[] = []
  for (const {path, size, sha256, source} of files) {
    const advance = (bytes: number) => {
      if (signal.aborted) throw new Interrupted('push: stopped; nothing was sent')
      stage.advance(bytes, path)
    }
    const file = await readLocal(path, source, size, advance).catch((error) => {
      throw storageFailure('reading', join(folder, path), error)
    })
    if (sha256 !== null && file.sha256 !== sha256) throw damaged(folder, otherHash(path, file.sha256, sha256))
    read.push(file)
  }
  stage.done(`${files.length} files, ${total} bytes`)
  return read
}
