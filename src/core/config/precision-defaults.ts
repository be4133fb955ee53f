import type {PrecisionName} from './names.js'

/**
 * In float16, sampling and update each stay within about 0.03 of float32's log-probabilities, so within 0.06 of each other
 * (docs/how-to/cuda.md); the rest is room for other models.
 */
const ofHalves = {'grpo.mismatchLimit': 0.1}

/** Defaults that a precision has instead of the schema's, by dotted key. */
export const precisionDefaults: Readonly<Record<PrecisionName, Readonly<Record<string, unknown>>>> = {
  float32: {},
  float16: ofHalves,
  'float16-rounded': ofHalves,
}
