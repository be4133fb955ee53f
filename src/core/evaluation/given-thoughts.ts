import type {EvalMode} from '../config/names.js'
import type {Config} from '../config/schema.js'
import {instructionTokens, opensThought, type PromptSettings} from '../prompts/prompts.js'
import {endTag, startTag} from '../prompts/templates.js'
import {checkTaskPrompts} from '../tasks/check-prompts.js'
import type {TaskKind} from '../tasks/task.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {UsageError} from '../util/errors.js'

/** The thought that each mode gives to the model; null where it gives none. */
const thoughts: Readonly<Record<EvalMode, (config: Config) => string | null>> = {
  standard: () => null,
  reasoning: () => null,
  'forced-thought': ({eval: {forcedThought}}) => forcedThought,
  'empty-thought': () => '',
}

/**
 * Token ids of the thought that a mode gives, its end marked, and its beginning unless the prompt has done so.
 *
 * @param settings template of the task's prompts
 * @returns [tokens] int32, empty where the mode gives no thought
 */
export function givenThought(
  mode: EvalMode,
  config: Config,
  settings: PromptSettings,
  tokenizer: Tokenizer,
): Int32Array {
  const thought = thoughts[mode](config)
  if (thought === null) return new Int32Array()
  const opening = opensThought(tokenizer, settings) ? '' : startTag
  return tokenizer.encodeMarkup(`${opening}${thought}${endTag}`)
}

/** @throws {UsageError} when a mode is asked for that forces a thought, and there is none to force */
export function checkForcedThought({eval: {modes, forcedThought}}: Config): void {
  if (!modes.includes('forced-thought') || forcedThought !== '') return
  throw new UsageError(
    'eval.modes contains forced-thought, but eval.forcedThought is empty; expected the idle thought to force',
    {
      suggestions: [
        "set it, for example: --set 'eval.forcedThought= the next word is'",
        'to force an empty thought: mode empty-thought',
      ],
    },
  )
}

/**
 * Checks prompts as `checkTaskPrompts` does, and that every thought that is given leaves room for prompt and completion.
 *
 * @returns what `checkTaskPrompts` says of the instruction
 * @throws {UsageError} as that does, and when a thought is too long for the model
 */
export function checkEvaluatedPrompts(
  kind: TaskKind,
  config: Config,
  model: {readonly maxPositions: number},
  tokenizer: Tokenizer,
  warn?: (line: string) => void,
): string {
  const instruction = checkTaskPrompts(kind, config, model, tokenizer, warn)
  const settings = kind.promptSettings(config)
  for (const mode of config.eval.modes) {
    const {length} = givenThought(mode, config, settings, tokenizer)
    if (length > 0) checkRoom(mode, config, model, {thought: length, prompt: shortestPrompt(tokenizer, settings)})
  }
  return instruction
}

/** Tokens of a prompt that has one of context; `promptLimit` allows no fewer than two. */
function shortestPrompt(tokenizer: Tokenizer, settings: PromptSettings): number {
  return Math.max(2, instructionTokens(tokenizer, settings) + 1)
}

function checkRoom(
  mode: EvalMode,
  config: Config,
  {maxPositions}: {readonly maxPositions: number},
  tokens: {readonly thought: number; readonly prompt: number},
): void {
  const {maxTokens} = config.rollout
  const forCompletion = maxPositions - tokens.thought - tokens.prompt
  if (maxTokens <= forCompletion) return
  throw new UsageError(
    `eval.modes contains ${mode}, whose thought takes ${tokens.thought} tokens; of the model's ${maxPositions} positions, ` +
      `rollout.maxTokens takes ${maxTokens} and a prompt at least ${tokens.prompt}`,
    {
      suggestions: [
        ...(thoughts[mode](config) === '' ? [] : ['shorten eval.forcedThought']),
        ...(forCompletion < 1 ? [] : [`set rollout.maxTokens to ${forCompletion} or less`]),
      ],
    },
  )
}
