import type {Config} from '../config/schema.js'
import {tokenizerFiles} from '../hub/model-files.js'
import {type Origin, previewModel, resolveSource} from '../hub/resolve-source.js'
import type {ModelPlace} from '../runs/model-place.js'
import {resolveModel} from '../runs/resolve-model.js'
import type {Services} from '../util/services.js'

/** Settings that name a model, and what it is called. */
const models = [
  ['proxy', 'proxy'],
  ['difficultyModel', 'difficulty model'],
] as const

/** The models that score, each where it is named. */
export type ScoringModels = Readonly<Partial<Record<(typeof models)[number][0], ModelPlace>>>

/** A configuration whose models are on this machine, and where they came from. */
export interface LocatedModels {
  /** The same settings with folders in place of Hub ids and runs. */
  readonly config: Config
  readonly models: ScoringModels
  /** Setting -> commit, of those that the Hub has. */
  readonly origins: Readonly<Record<string, Origin>>
  /** Whether all files are here; where not, a rehearsal found what it needs of them. */
  readonly isWhole: boolean
}

type Needs = Pick<Services, 'progress' | 'signal' | 'folders' | 'commits' | 'rehearsal'>

/**
 * Finds tokenizer, proxy and difficulty model, and downloads what the Hub has and this machine lacks.
 *
 * @throws {DataError} when one is neither here nor there
 */
export async function locateModels(config: Config, services: Needs): Promise<LocatedModels> {
  const {progress} = services
  const data = {...config.data}
  const origins: Record<string, Origin> = {}
  const places: {-readonly [key in keyof ScoringModels]: ModelPlace} = {}
  let isWhole = true
  const note = (key: keyof typeof data, source: {origin: Origin | null; isWhole: boolean}) => {
    isWhole &&= source.isWhole
    if (source.origin) origins[`data.${key}`] = source.origin
  }
  if (data.tokenizer !== undefined) {
    const source = await locateTokenizer(data.tokenizer, services)
    note('tokenizer', source)
    data.tokenizer = source.folder
  }
  for (const [key, what] of models) {
    const value = data[key]
    if (value === undefined) continue
    const found = await resolveModel(value, undefined, {...services, what})
    const {folder, base, origin} = found
    note(key, found)
    if (base !== null) progress.log(`prepare-data: the ${what} is ${base} with the adapters of ${folder}`)
    else if (!origin && folder !== value) progress.log(`prepare-data: the ${what} is ${folder}`)
    data[key] = folder
    places[key] = {folder, base}
  }
  return {config: {...config, data}, models: places, origins, isWhole}
}

async function locateTokenizer(value: string, {progress, signal, folders, commits, rehearsal}: Needs) {
  const request = {kind: 'model', files: tokenizerFiles, progress, signal, folders, commits} as const
  return rehearsal
    ? await previewModel('tokenizer', value, request, rehearsal)
    : {...(await resolveSource('tokenizer', value, request)), isWhole: true}
}
