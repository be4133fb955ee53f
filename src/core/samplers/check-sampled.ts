import type {PrecisionName} from '../config/names.js'
import type {Prompt} from '../records/records.js'
import {checkFinite} from '../runtime/finite.js'
import {precisions} from '../runtime/precisions.js'

/**
 * A model that is broken completes prompts all the same, and earns nothing: no update and no accuracy would find it out.
 *
 * @param logprobs of the sampled tokens, nats
 * @throws {NumericError} at one that is not finite
 */
export function checkSampled(
  {key: {source, index}}: Prompt,
  logprobs: Float32Array,
  precision: PrecisionName,
  suggestions?: readonly string[],
): void {
  const name = `the model's log-probability of a token sampled for ${source} position ${index}`
  checkFinite(logprobs, () => name, precisions[precision].scalesLoss, suggestions)
}
