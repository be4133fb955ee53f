import {describePrompt} from '../prompts/prompts.js'
import type {EvalMode, Predictor} from './predict.js'

/** What predictions of a mode depend on besides weights and positions: config key -> value, in short words. */
export type PromptSettings = Readonly<Record<string, string | number>>

/**
 * The template and lengths that a mode predicts with; two evaluations compare like with like where these are equal.
 *
 * Templates that have no name are given by their hash, and so are chat templates.
 */
export function promptSettings({config, data}: Pick<Predictor, 'config' | 'data'>, mode: EvalMode): PromptSettings {
  const {prompt, rollout, reward, eval: evaluation} = config
  const graded = {'reward.maxReferenceTokens': reward.maxReferenceTokens}
  if (mode === 'standard') return {'eval.standardContext': evaluation.standardContext, ...graded}
  const {template, chatTemplate} = describePrompt(data.tokenizer, prompt)
  return {
    'prompt.template': template,
    'prompt.chatTemplate': chatTemplate,
    'prompt.maxTokens': prompt.maxTokens,
    'rollout.maxTokens': rollout.maxTokens,
    ...(mode === 'forced-thought' && {'eval.forcedThought': evaluation.forcedThought}),
    ...graded,
  }
}
