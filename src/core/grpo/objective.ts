import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'

/** Coefficients of the objective. */
export interface ObjectiveSettings {
  readonly clipEpsilon: number
  readonly klCoef: number
  readonly entropyCoef: number
}

/** Whether a group adds to the gradient: where its advantages are all 0, only the KL and entropy terms do. */
export function addsToGradient(
  advantages: readonly number[],
  {klCoef, entropyCoef}: Pick<ObjectiveSettings, 'klCoef' | 'entropyCoef'>,
): boolean {
  return klCoef > 0 || entropyCoef > 0 || advantages.some((advantage) => advantage !== 0)
}

/** Per-token tensors of a flat batch of completion tokens, [N] each. */
export interface ObjectiveInputs {
  readonly policyLogprobs: Value
  readonly policyEntropy: Value
  readonly oldLogprobs: Value
  /** Log-probabilities of the frozen reference; needed where `klCoef` is not 0. */
  readonly refLogprobs?: Value
  readonly advantages: Value
  /** 1 on trained tokens, 0 on padding. */
  readonly completionMask: Value
  /** Share of each token in the loss: its mask over the step's normaliser. */
  readonly tokenWeights: Value
}

/**
 * GRPO's clipped objective as a loss to minimise, a scalar (DeepSeekMath, arXiv 2402.03300, Eq. 3):
 * sum of weight * (-min(ratio A, clip(ratio, 1 - e, 1 + e) A) + klCoef * kl - entropyCoef * entropy).
 *
 * The ratio is exp(policy - old); the KL estimate is exp(ref - policy) - (ref - policy) - 1 (Schulman's k3). Differences
 * are masked before the exponential, so that padding can never overflow it.
 */
export function clippedObjective(op: Ops, inputs: ObjectiveInputs, settings: ObjectiveSettings): Value {
  const {policyLogprobs, oldLogprobs, refLogprobs, advantages, completionMask, tokenWeights} = inputs
  const masked = (difference: Value) => op.mul(difference, completionMask)
  const ratio = op.exp(masked(op.sub(policyLogprobs, oldLogprobs)))
  const low = op.scalar(1 - settings.clipEpsilon)
  const high = op.scalar(1 + settings.clipEpsilon)
  const clipped = op.min(op.max(ratio, low), high)
  let tokenLoss = op.neg(op.min(op.mul(ratio, advantages), op.mul(clipped, advantages)))
  if (settings.klCoef > 0 && refLogprobs) {
    const difference = masked(op.sub(refLogprobs, policyLogprobs))
    const kl = op.sub(op.sub(op.exp(difference), difference), op.scalar(1))
    tokenLoss = op.add(tokenLoss, op.mul(kl, op.scalar(settings.klCoef)))
  }
  if (settings.entropyCoef > 0)
    tokenLoss = op.sub(tokenLoss, op.mul(inputs.policyEntropy, op.scalar(settings.entropyCoef)))
  return op.total(op.mul(tokenLoss, tokenWeights))
}
