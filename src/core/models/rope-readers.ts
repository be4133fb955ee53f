import {z} from 'zod'
import type {RotaryScaling} from '../nn/rotary-scaling.js'

/** What the fields of a rotary embedding are relative to. */
export interface RotarySizes {
  readonly headSize: number
  readonly maxPositions: number
}

/** `trainedPositions`: before scaling, `maxPositions` where config.json names no other number. */
type Reader<T extends RotaryScaling['type']> = (
  sizes: RotarySizes & {trainedPositions: number},
) => z.ZodType<Extract<RotaryScaling, {type: T}>>

const positive = z.number().positive()
const common = {
  rope_type: z.string().nullish(),
  type: z.string().nullish(),
  rope_theta: positive.nullish(),
  partial_rotary_factor: z.literal(1).nullish(),
}
const trained = {...common, original_max_position_embeddings: z.int().min(1).nullish()}

/**
 * What each rope_type says in `config.json`, as transformers 5 reads it; a field that is not listed is refused. Adding a
 * type is adding a row.
 */
export const readers: {readonly [T in RotaryScaling['type']]: Reader<T>} = {
  default: () => z.strictObject(common).transform(() => ({type: 'default'})),
  linear: () => z.strictObject({...common, factor: positive}).transform(({factor}) => ({type: 'linear', factor})),
  dynamic: ({maxPositions}) =>
    z.strictObject({...trained, factor: positive}).transform(() => ({type: 'dynamic', longestSequence: maxPositions})),
  llama3: ({trainedPositions}) =>
    z
      .strictObject({...trained, factor: positive, low_freq_factor: positive, high_freq_factor: positive})
      .refine(
        (fields) => fields.low_freq_factor < fields.high_freq_factor,
        'low_freq_factor is not smaller than high_freq_factor',
      )
      .transform((fields) => ({
        type: 'llama3',
        factor: fields.factor,
        lowFrequencyFactor: fields.low_freq_factor,
        highFrequencyFactor: fields.high_freq_factor,
        trainedPositions,
      })),
  yarn: ({trainedPositions, maxPositions}) =>
    z
      .strictObject({
        ...trained,
        factor: positive.nullable(),
        attention_factor: positive.nullish(),
        beta_fast: positive.nullish(),
        beta_slow: positive.nullish(),
        mscale: z.number().min(0).nullish(),
        mscale_all_dim: z.number().min(0).nullish(),
        truncate: z.boolean().optional(),
      })
      .transform((fields) => {
        const factor = fields.factor ?? maxPositions / trainedPositions
        return {
          type: 'yarn',
          factor,
          fastTurns: fields.beta_fast ?? 32,
          slowTurns: fields.beta_slow ?? 1,
          trainedPositions,
          wholeBounds: fields.truncate ?? true,
          attentionFactor: fields.attention_factor ?? yarnAttention(factor, fields.mscale, fields.mscale_all_dim),
        }
      }),
  longrope: ({headSize, maxPositions, trainedPositions}) => {
    const factors = z.array(positive).length(headSize / 2)
    return z
      .strictObject({
        ...trained,
        short_factor: factors,
        long_factor: factors,
        factor: positive.nullish(),
        attention_factor: positive.nullish(),
      })
      .transform((fields) => ({
        type: 'longrope',
        factors: fields.short_factor,
        attentionFactor:
          fields.attention_factor ??
          longropeAttention(fields.factor ?? maxPositions / trainedPositions, trainedPositions),
        longestSequence: Math.min(trainedPositions, maxPositions),
      }))
  },
}

/** 0.1 m ln(factor) + 1 with the paper's m = 1, or the ratio of two of them. */
function yarnAttention(factor: number, scale?: number | null, scaleOfAll?: number | null): number {
  const of = (m: number) => (factor <= 1 ? 1 : 0.1 * m * Math.log(factor) + 1)
  return scale && scaleOfAll ? of(scale) / of(scaleOfAll) : of(1)
}

function longropeAttention(factor: number, trainedPositions: number): number {
  return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(trainedPositions))
}
