import {findKey} from '../config/keys.js'
import type {Config} from '../config/schema.js'
import type {Prompt} from '../records/records.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {UsageError} from '../util/errors.js'
import {checkTemplate, instructionTokens, type PromptSettings} from './prompts.js'

/** What decides how long prompts may be. */
type LengthSettings = Pick<Config, 'prompt' | 'rollout'>
interface Positions {
  readonly maxPositions: number
}

/**
 * Longest prompt: `prompt.maxTokens`, or less where the model's positions must leave room for a completion.
 *
 * @param thoughtTokens tokens of a given thought that follows the prompt
 * @throws {UsageError} when they leave no room at all
 */
export function promptLimit({prompt, rollout}: LengthSettings, {maxPositions}: Positions, thoughtTokens = 0): number {
  const room = maxPositions - rollout.maxTokens - thoughtTokens
  if (room < 2)
    throw new UsageError(
      `rollout.maxTokens is ${rollout.maxTokens}${ofDefault(rollout.maxTokens)}; the model has ${maxPositions} positions for prompt and completion`,
      {
        suggestions: [
          `leave room for the prompt: --set rollout.maxTokens=${Math.max(1, Math.floor((maxPositions - thoughtTokens) / 2))}`,
        ],
      },
    )
  return Math.min(prompt.maxTokens, room)
}

function ofDefault(maxTokens: number): string {
  return maxTokens === findKey('rollout.maxTokens')!.defaultValue ? ', the default' : ''
}

/**
 * Checks that prompts can be rendered, context aside, and how long they may be.
 *
 * @param settings template of the task's prompts
 * @throws {UsageError} when the template is unknown, or there is no room for it
 */
export function checkPrompts(
  config: LengthSettings,
  settings: PromptSettings,
  model: Positions,
  tokenizer: Tokenizer,
): void {
  const taken = instructionTokens(tokenizer, settings)
  const shorter = 'choose a shorter template'
  checkTemplate(tokenizer, settings, config.prompt.maxTokens, [`set prompt.maxTokens to ${taken + 1} or more`, shorter])
  const most = model.maxPositions - taken - 1
  const fewer = most < 1 ? [] : [`set rollout.maxTokens to ${most} or less`]
  checkTemplate(tokenizer, settings, promptLimit(config, model), [...fewer, shorter])
}

/** What a prompt lost from the left and the setting that decides it; see `promptLimit`. */
export function cutNote(config: LengthSettings, {maxPositions}: Positions, prompt: Prompt, thoughtTokens = 0): string {
  const {maxTokens} = config.prompt
  const reason =
    promptLimit(config, {maxPositions}, thoughtTokens) === maxTokens
      ? `prompt.maxTokens is ${maxTokens}`
      : `of the model's ${maxPositions} positions rollout.maxTokens takes ${config.rollout.maxTokens}`
  const {source, index} = prompt.key
  return `the prompt of ${source} position ${index} lost ${prompt.cutTokens} of ${prompt.contextTokens} tokens of context from the left: ${reason}`
}
