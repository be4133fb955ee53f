import {z} from 'zod'

/** A file or folder; `loadConfig` makes it absolute. */
export const path = z.string().min(1).meta({path: 'file'})
/** A file or folder, made absolute, or `hf:ID` or `-`, left as they are. */
export const dataset = z.string().min(1).meta({path: 'dataset'})
/** A folder, made absolute, or a Hub id (`owner/name` of no existing folder, or `hf:...`), left as it is. */
export const checkpointSource = z.string().min(1).meta({path: 'source'})
/** Name of a column. */
export const fieldName = z.string().min(1)
/** Counts and steps are 32-bit integers in tables. */
export const count = z
  .int()
  .min(0)
  .max(2 ** 31 - 1)
/** At least 1. */
export const positive = count.min(1)
/** In [0, 1]. */
export const share = z.number().min(0).max(1)
/** Decay of a moment: at 1 the bias correction would divide by 0. */
export const decay = z.number().min(0).lt(1)
/** Logits are divided by it in float32: beyond these bounds they would be infinite, or all alike. */
export const temperature = z.number().min(1e-3).max(1e3)
/** Resamples of a bootstrap. */
export const resamples = positive.max(1_000_000)
