import type {Config} from '../config/schema.js'
import {modelFiles, tokenizerFiles} from '../hub/model-files.js'
import {type Origin, previewModel, resolveSource} from '../hub/resolve-source.js'
import type {Services} from '../util/services.js'

/** A configuration whose models are on this machine, and where they came from. */
export interface LocatedModels {
  /** The same settings with folders in place of Hub ids. */
  readonly config: Config
  /** Setting -> commit, of those that the Hub has. */
  readonly origins: Readonly<Record<string, Origin>>
  /** Whether all files are here; where not, a rehearsal found what it needs of them. */
  readonly isWhole: boolean
}

/** Settings that name a checkpoint or its tokenizer: words for errors, files needed. */
const settings = [
  ['tokenizer', 'tokenizer', tokenizerFiles],
  ['proxy', 'proxy', modelFiles],
  ['difficultyModel', 'difficulty model', modelFiles],
] as const

/**
 * Finds tokenizer, proxy and difficulty model, and downloads what the Hub has and this machine lacks.
 *
 * @throws {DataError} when one is neither here nor there
 */
export async function locateModels(
  config: Config,
  {progress, signal, folders, rehearsal}: Pick<Services, 'progress' | 'signal' | 'folders' | 'rehearsal'>,
): Promise<LocatedModels> {
  const data = {...config.data}
  const origins: Record<string, Origin> = {}
  let isWhole = true
  for (const [key, what, files] of settings) {
    const value = data[key]
    if (value === undefined) continue
    const request = {kind: 'model', files, progress, signal, folders} as const
    const source = rehearsal
      ? await previewModel(what, value, request, rehearsal)
      : {...(await resolveSource(what, value, request)), isWhole: true}
    const {folder, origin} = source
    isWhole &&= source.isWhole
    data[key] = folder
    if (origin) origins[`data.${key}`] = origin
  }
  return {config: {...config, data}, origins, isWhole}
}
