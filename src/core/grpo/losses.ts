import type {LossName} from '../config/names.js'
import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'

/** How far a ratio may lie from 1: 1 - low .. 1 + high. */
export interface ClipRange {
  readonly low: number
  readonly high: number
}

/** Per-token tensors that a loss is made of, [N] each. */
export interface RatioTerms {
  /** Probability under the policy over that under the weights that sampled: of a token, or of its completion. */
  readonly ratio: Value
  /** Natural logarithm of the token's ratio. */
  readonly logRatio: Value
  /** Natural logarithm of the token's probability under the policy. */
  readonly logprobs: Value
  readonly advantages: Value
}

/** A loss of the policy: a row of `losses`. */
export interface LossKind {
  /** Whose ratio counts: the token's, or the geometric mean over its completion. */
  readonly ratioOf: 'token' | 'completion'
  /** `comparison`: advantages compare the rewards of a group. `right completions`: theirs are 1, and the others are left out. */
  readonly learnsFrom: 'comparison' | 'right completions'
  /** Loss of each token before it is weighted, [N]. */
  surrogate(op: Ops, terms: RatioTerms, clip: ClipRange): Value
  /** Whether the clip range keeps a token from adding to the gradient, or limits what it adds. */
  isClipped(ratio: number, advantage: number, clip: ClipRange): boolean
}

/** -min(ratio A, clip(ratio) A): PPO's pessimistic bound. */
function clippedSurrogate(op: Ops, {ratio, advantages}: RatioTerms, {low, high}: ClipRange): Value {
  const clipped = op.min(op.max(ratio, op.scalar(1 - low)), op.scalar(1 + high))
  return op.neg(op.min(op.mul(ratio, advantages), op.mul(clipped, advantages)))
}

function leavesRange(ratio: number, advantage: number, {low, high}: ClipRange): boolean {
  return advantage > 0 ? ratio > 1 + high : advantage < 0 && ratio < 1 - low
}

/**
 * -A f(ratio), whose gradient is that of CISPO, -min(ratio, 1 + high) A grad log p: f is the ratio up to the limit, and goes on
 * from there in a straight line of the log-ratio. On-policy it is the ratio itself, as in the other losses.
 */
function cappedSurrogate(op: Ops, {ratio, logRatio, advantages}: RatioTerms, {high}: ClipRange): Value {
  const cap = 1 + high
  const beyond = op.max(op.sub(logRatio, op.scalar(Math.log(cap))), op.scalar(0))
  return op.neg(op.mul(op.add(op.min(ratio, op.scalar(cap)), op.mul(beyond, op.scalar(cap))), advantages))
}

const clipped = {learnsFrom: 'comparison', surrogate: clippedSurrogate, isClipped: leavesRange} as const

/**
 * Every loss by name. Losses also differ in defaults of other settings, in config/loss-defaults.ts. To add a loss, add a row
 * and its name in config/names.ts.
 *
 * Sources: GRPO, DeepSeekMath (arXiv 2402.03300), Eq. 3; Dr. GRPO (arXiv 2503.20783); DAPO (arXiv 2503.14476), Eq. 8;
 * GSPO (arXiv 2507.18071), Eq. 5 and 7; CISPO, MiniMax-M1 (arXiv 2506.13585), Eq. 4 and 5; rejection sampling, RAFT (arXiv
 * 2304.06767): the negative log-likelihood of the right completions.
 */
export const losses: Readonly<Record<LossName, LossKind>> = {
  grpo: {ratioOf: 'token', ...clipped},
  'dr-grpo': {ratioOf: 'token', ...clipped},
  dapo: {ratioOf: 'token', ...clipped},
  gspo: {ratioOf: 'completion', ...clipped},
  cispo: {
    ratioOf: 'token',
    learnsFrom: 'comparison',
    surrogate: cappedSurrogate,
    isClipped: (ratio, advantage, {high}) => advantage !== 0 && ratio > 1 + high,
  },
  rejection: {
    ratioOf: 'token',
    learnsFrom: 'right completions',
    surrogate: (op, {logprobs, advantages}) => op.neg(op.mul(logprobs, advantages)),
    isClipped: () => false,
  },
}

/** What of the settings of `grpo` a loss reads. */
export interface LossSettings {
  /** `grpo` when absent. */
  readonly loss?: LossName
  readonly clipEpsilon: number
  /** As `clipEpsilon` when absent. */
  readonly clipEpsilonHigh?: number
}

/** Whether updates after the first of a step ask the policy for log-probabilities before they change it: see `ratioOf`. */
export function asksPolicy(settings: LossSettings, updates: number): boolean {
  return lossOf(settings).kind.ratioOf === 'completion' && updates > 1
}

/** The loss that settings name, and its clip range. `clipEpsilon` and `clipEpsilonHigh` are positive distances from 1. */
export function lossOf({loss = 'grpo', clipEpsilon, clipEpsilonHigh = clipEpsilon}: LossSettings) {
  return {kind: losses[loss], clip: {low: clipEpsilon, high: clipEpsilonHigh}}
}
