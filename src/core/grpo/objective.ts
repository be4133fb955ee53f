import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'
import {type LossSettings, lossOf} from './losses.js'

/** Coefficients of the objective. */
export interface ObjectiveSettings extends LossSettings {
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
  /**
   * Ratio of each token's completion, for losses that count it; then `oldLogprobs` are those of the policy itself, so that
   * exp(policy - old) is 1 and only carries the gradient (GSPO, Eq. 13).
   */
  readonly completionRatios?: Value
  /** Log-probabilities of the frozen reference; needed where `klCoef` is not 0. */
  readonly refLogprobs?: Value
  readonly advantages: Value
  /** 1 on trained tokens, 0 on padding. */
  readonly completionMask: Value
  /** Share of each token in the loss: its mask over the step's normaliser. */
  readonly tokenWeights: Value
}

/**
 * The objective as a loss to minimise, a scalar: sum of weight * (surrogate + klCoef * kl - entropyCoef * entropy). The surrogate
 * is that of the loss in the settings; GRPO's is -min(ratio A, clip(ratio, 1 - e, 1 + e) A) (DeepSeekMath, arXiv 2402.03300, Eq. 3).
 *
 * The ratio is exp(policy - old); the KL estimate is exp(ref - policy) - (ref - policy) - 1 (Schulman's k3). Differences
 * are masked before the exponential, so that padding can never overflow it.
 */
export function policyObjective(op: Ops, inputs: ObjectiveInputs, settings: ObjectiveSettings): Value {
  const {policyLogprobs, oldLogprobs, completionRatios, refLogprobs, advantages, completionMask, tokenWeights} = inputs
  const {kind, clip} = lossOf(settings)
  const masked = (difference: Value) => op.mul(difference, completionMask)
  const logRatio = masked(op.sub(policyLogprobs, oldLogprobs))
  const ownRatio = op.exp(logRatio)
  const ratio = completionRatios ? op.mul(completionRatios, ownRatio) : ownRatio
  let tokenLoss = kind.surrogate(op, {ratio, logRatio, logprobs: policyLogprobs, advantages}, clip)
  if (settings.klCoef > 0 && refLogprobs) {
    const difference = masked(op.sub(refLogprobs, policyLogprobs))
    const kl = op.sub(op.sub(op.exp(difference), difference), op.scalar(1))
    tokenLoss = op.add(tokenLoss, op.mul(kl, op.scalar(settings.klCoef)))
  }
  if (settings.entropyCoef > 0)
    tokenLoss = op.sub(tokenLoss, op.mul(inputs.policyEntropy, op.scalar(settings.entropyCoef)))
  return op.total(op.mul(tokenLoss, tokenWeights))
}
