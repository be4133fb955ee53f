import {z} from 'zod'
import type {RotaryScaling} from '../nn/rotary.js'
import {DataError} from '../util/errors.js'

/** Base of the rotary angles and how their frequencies are stretched. */
export interface Rope {
  readonly theta: number
  readonly scaling: RotaryScaling
}

/** The fields of `config.json` that Rope is read from: transformers 5 has rope_parameters, transformers 4 the others. */
export interface RopeFields {
  readonly rope_parameters?: unknown
  readonly rope_theta?: number | null
  readonly rope_scaling?: unknown
}

const positive = z.number().positive()
const common = {
  rope_type: z.string().nullish(),
  type: z.string().nullish(),
  rope_theta: positive.nullish(),
  partial_rotary_factor: z.literal(1).nullish(),
}

/** What each rope_type says in `config.json`; a field that is not listed is refused. Adding a type is adding a row. */
const readers: {readonly [T in RotaryScaling['type']]: z.ZodType<Extract<RotaryScaling, {type: T}>>} = {
  default: z.strictObject(common).transform(() => ({type: 'default'})),
  linear: z.strictObject({...common, factor: positive}).transform(({factor}) => ({type: 'linear', factor})),
  llama3: z
    .strictObject({
      ...common,
      factor: positive,
      low_freq_factor: positive,
      high_freq_factor: positive,
      original_max_position_embeddings: z.int().min(1),
    })
    .refine(
      (fields) => fields.low_freq_factor < fields.high_freq_factor,
      'low_freq_factor is not smaller than high_freq_factor',
    )
    .transform((fields) => ({
      type: 'llama3',
      factor: fields.factor,
      lowFrequencyFactor: fields.low_freq_factor,
      highFrequencyFactor: fields.high_freq_factor,
      trainedPositions: fields.original_max_position_embeddings,
    })),
}

/**
 * Reads the rotary embedding in either dialect; base 10000 and no scaling where nothing is said.
 *
 * @param where names the file in errors
 * @throws {DataError} for a type or a field outside the table, and where two fields contradict each other
 */
export function readRope(fields: RopeFields, where: string): Rope {
  const names = (['rope_parameters', 'rope_scaling'] as const).filter((name) => fields[name] != null)
  const found = names.map((name) => ({name, ...readObject(fields[name], `${where}: ${name}`)}))
  const [first, second] = found
  if (second && JSON.stringify(first.scaling) !== JSON.stringify(second.scaling))
    throw new DataError(`${where}: ${first.name} and ${second.name} disagree; expected one of them`)
  const thetas = [fields.rope_theta, ...found.map(({theta}) => theta)].filter((theta) => theta != null)
  if (new Set(thetas).size > 1)
    throw new DataError(`${where}: rope_theta is ${thetas.join(' in one place and ')} in another`)
  return {theta: thetas[0] ?? 10000, scaling: first?.scaling ?? {type: 'default'}}
}

function readObject(value: unknown, where: string): {theta: number | null | undefined; scaling: RotaryScaling} {
  const named = z
    .looseObject({rope_type: common.rope_type, type: common.type, rope_theta: common.rope_theta})
    .safeParse(value)
  if (!named.success) throw refusal(named.error, where)
  const type = named.data.rope_type ?? named.data.type ?? 'default'
  if (!Object.hasOwn(readers, type))
    throw new DataError(`${where}: rope_type is ${type}; supported: ${Object.keys(readers).join(', ')}`)
  const scaling = readers[type as RotaryScaling['type']].safeParse(value)
  if (!scaling.success) throw refusal(scaling.error, `${where} of rope_type ${type}`)
  return {theta: named.data.rope_theta, scaling: scaling.data}
}

function refusal({issues: [{path, message}]}: z.ZodError, where: string): DataError {
  return new DataError(`${where}: ${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`)
}
