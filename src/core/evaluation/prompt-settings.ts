import type {EvalMode} from '../config/names.js'
import {describePrompt} from '../prompts/prompts.js'
import type {Predictor} from './predict.js'

/** What predictions of a mode depend on besides weights and items: config key -> value, in short words. */
export type SettingValues = Readonly<Record<string, string | number>>

/**
 * The template and lengths that a mode predicts with; two evaluations compare like with like where these are equal.
 *
 * Templates that have no name are given by their hash, and so are chat templates.
 */
export function promptSettings(
  {config, task, tokenizer}: Pick<Predictor, 'config' | 'task' | 'tokenizer'>,
  mode: EvalMode,
): SettingValues {
  const {prompt, rollout, eval: evaluation} = config
  if (mode === 'standard') return {...(task.choices ?? task.standard)?.settings, ...task.gradeSettings}
  const {template, chatTemplate} = describePrompt(tokenizer, task.promptSettings)
  return {
    'prompt.template': template,
    'prompt.chatTemplate': chatTemplate,
    'prompt.maxTokens': prompt.maxTokens,
    'rollout.maxTokens': rollout.maxTokens,
    'rollout.stop': JSON.stringify(rollout.stop),
    ...(mode === 'forced-thought' && {'eval.forcedThought': evaluation.forcedThought}),
    ...task.gradeSettings,
  }
}
