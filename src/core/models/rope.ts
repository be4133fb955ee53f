import {z} from 'zod'
import type {RotaryScaling} from '../nn/rotary-scaling.js'
import {DataError} from '../util/errors.js'
import {type RotarySizes, readers} from './rope-readers.js'

/** Base of the rotary angles and how their frequencies are stretched. */
export interface Rope {
  readonly theta: number
  readonly scaling: RotaryScaling
  /** Longest sequence in tokens that these angles hold for: transformers gives a longer one other angles. */
  readonly positions: number
}

/** The fields of `config.json` that Rope is read from: transformers 5 has rope_parameters, transformers 4 the others. */
export interface RopeFields {
  readonly rope_parameters?: unknown
  readonly rope_theta?: number | null
  readonly rope_scaling?: unknown
  readonly original_max_position_embeddings?: number | null
}

/**
 * Reads the rotary embedding in either dialect; no scaling where nothing is said.
 *
 * @param sizes of the model; `defaultTheta` is the base where nothing is said
 * @param where names the file in errors
 * @throws {DataError} for a type or a field outside the table, and where two fields contradict each other
 */
export function readRope(fields: RopeFields, sizes: RotarySizes & {defaultTheta: number}, where: string): Rope {
  const names = (['rope_parameters', 'rope_scaling'] as const).filter((name) => fields[name] != null)
  const outside = fields.original_max_position_embeddings
  const found = names.map((name) => ({name, ...readObject(fields[name], outside, sizes, `${where}: ${name}`)}))
  const [first, second] = found
  if (second && JSON.stringify(first.scaling) !== JSON.stringify(second.scaling))
    throw new DataError(`${where}: ${first.name} and ${second.name} disagree; expected only one of them`)
  const thetas = [fields.rope_theta, ...found.map(({theta}) => theta)]
  const theta = onlyOne('rope_theta', thetas, where) ?? sizes.defaultTheta
  const scaling: RotaryScaling = first?.scaling ?? {type: 'default'}
  return {theta, scaling, positions: 'longestSequence' in scaling ? scaling.longestSequence : sizes.maxPositions}
}

const named = z.looseObject({
  rope_type: z.string().nullish(),
  type: z.string().nullish(),
  rope_theta: z.number().positive().nullish(),
  original_max_position_embeddings: z.int().min(1).nullish(),
})

function readObject(value: unknown, outside: number | null | undefined, sizes: RotarySizes, where: string) {
  const fields = check(named, value, where)
  const type = fields.rope_type ?? fields.type ?? 'default'
  if (!Object.hasOwn(readers, type))
    throw new DataError(`${where}: rope_type is ${type}; supported: ${Object.keys(readers).join(', ')}`)
  const name = 'original_max_position_embeddings'
  const trainedPositions = onlyOne(name, [outside, fields[name]], where) ?? sizes.maxPositions
  const reader = readers[type as RotaryScaling['type']]({...sizes, trainedPositions})
  return {theta: fields.rope_theta, scaling: check<RotaryScaling>(reader, value, `${where} of rope_type ${type}`)}
}

/** The value of a field that may stand in several places; undefined where it stands in none. */
function onlyOne(name: string, values: readonly (number | null | undefined)[], where: string): number | undefined {
  const [first, ...others] = new Set(values.filter((value) => value != null))
  if (others.length === 0) return first
  throw new DataError(`${where}: ${name} is ${[first, ...others].join(' in one place and ')} in another`)
}

function check<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const checked = schema.safeParse(value)
  if (checked.success) return checked.data
  const [{path, message}] = checked.error.issues
  throw new DataError(`${where}: ${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`)
}
