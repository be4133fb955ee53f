import {lossOf} from '../../grpo/losses.js'
import {type ObjectiveSettings, policyObjective} from '../../grpo/objective.js'
import {hiddenStates, logitsOf} from '../../models/decoder.js'
import type {ModelConfig} from '../../models/model-config.js'
import {entropyOf, logProbabilities, pickTokens} from '../../nn/distribution.js'
import {sharedContextAttention} from '../../nn/shared-context.js'
import type {Ops} from '../../onnx/ops.js'
import type {Value} from '../../onnx/types.js'
import {type DecoderGraph, decoderGraph, type GraphSettings, outputGradients} from './decoder-graph.js'

/** Static shape of a micro-batch of groups. */
export interface PolicyShape {
  readonly contexts: number
  readonly groupSize: number
  readonly contextLength: number
  readonly completionLength: number
  /** Completion tokens that are looked at, padding included. */
  readonly trained: number
}

/**
 * Log-probabilities of completions under the policy and, given an objective, GRPO's loss with its gradients.
 *
 * Each context is computed once for its G completions. A completion's rows start with the prompt's last token, so that
 * row t predicts completion token t; the context is the prompt without that token.
 *
 * Inputs: `ids`, `positions` [P*Tc + P*G*Tg]; `context_lengths` [P]; [trained] each: `trained_rows` (indices into the
 * P*G*Tg completion rows), `targets`, and with an objective `old_logprobs`, `ref_logprobs` (where klCoef is not 0),
 * `completion_ratios` (for losses that count those), `advantages`, `completion_mask`, `token_weights`.
 * Outputs, [trained] each: `policy_logprobs` (of logits / temperature), `entropy` (nats, of the same distribution).
 */
export function policyGraph(
  config: ModelConfig,
  shape: PolicyShape,
  temperature: number,
  objective?: ObjectiveSettings,
  settings?: GraphSettings,
): DecoderGraph {
  const {contexts, groupSize, contextLength, completionLength, trained} = shape
  const decoder = decoderGraph(config, contextLength + completionLength, settings)
  const {op, weights} = decoder
  const count = contexts * (contextLength + groupSize * completionLength)
  const tokens = {ids: op.indexInput('ids', [count]), positions: op.indexInput('positions', [count])}
  const contextLengths = op.indexInput('context_lengths', [contexts])
  const trainedRows = op.indexInput('trained_rows', [trained])

  const attend = (layer: number) => {
    const returned = layer === config.layers - 1 ? 'completions' : 'all'
    return sharedContextAttention(op, {...config, ...shape}, contextLengths, returned)
  }
  const completions = hiddenStates(op, weights, tokens, attend)
  const loss = policyHead(decoder, op.gather(completions, trainedRows), temperature, objective)
  if (loss) outputGradients(decoder, loss)
  return decoder
}

/**
 * From the hidden rows of trained tokens [N, C] to their log-probabilities and entropies, declared as outputs, and the loss
 * where there is an objective. Declares the inputs of each token, `targets` and those of the objective.
 */
export function policyHead(
  {op, weights}: DecoderGraph,
  hidden: Value,
  temperature: number,
  objective?: ObjectiveSettings,
): Value | undefined {
  const targets = op.indexInput('targets', [hidden.shape[0]])
  const logprobs = logProbabilities(op, logitsOf(op, weights, hidden), temperature)
  const policyLogprobs = pickTokens(op, logprobs, targets)
  const policyEntropy = entropyOf(op, logprobs)
  op.graph.output('policy_logprobs', policyLogprobs)
  op.graph.output('entropy', policyEntropy)
  return objective && policyLoss(op, policyLogprobs, policyEntropy, objective)
}

/** The loss of the trained tokens; declares the inputs that only the objective needs. */
function policyLoss(op: Ops, policyLogprobs: Value, policyEntropy: Value, objective: ObjectiveSettings): Value {
  const perToken = (name: string) => op.input(name, policyLogprobs.shape)
  const inputs = {
    policyLogprobs,
    policyEntropy,
    oldLogprobs: perToken('old_logprobs'),
    completionRatios: lossOf(objective).kind.ratioOf === 'completion' ? perToken('completion_ratios') : undefined,
    refLogprobs: objective.klCoef > 0 ? perToken('ref_logprobs') : undefined,
    advantages: perToken('advantages'),
    completionMask: perToken('completion_mask'),
    tokenWeights: perToken('token_weights'),
  }
  return policyObjective(op, inputs, objective)
}
