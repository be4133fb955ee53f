import type {Config} from '../config/schema.js'
import {withTaughtTemplate} from '../objectives/taught-template.js'
import {openPrepared} from '../prepared/prepared.js'
import {promptLimit} from '../prompts/prompt-limit.js'
import {instructionTokens, renderPrompt} from '../prompts/prompts.js'
import {dataFor} from '../runs/check-model.js'
import {readModel} from '../runs/model-place.js'
import {resolveModel} from '../runs/resolve-model.js'
import {checkTaskPrompts} from '../tasks/check-prompts.js'
import {nextToken} from '../tasks/next-token.js'
import type {Services} from '../util/services.js'
import type {PositionKey} from './contexts.js'
import type {PromptView} from './inspection.js'

/** The prompts of a model: which instruction they are in, and that of a position. */
export interface PromptViews {
  readonly instruction: string
  readonly viewOf: (key: PositionKey) => PromptView
}

/**
 * Renders prompts as rollouts have them, for a reader.
 *
 * @returns null in a rehearsal where the model is not there yet
 * @throws {UsageError} for settings that leave no room
 * @throws {DataError} when data and model cannot be read or do not belong together
 */
export async function openPromptViews(folder: string, given: Config, services: Services): Promise<PromptViews | null> {
  const {config} = withTaughtTemplate({config: given, sources: services.sources}, nextToken, services)
  const resolved = await resolveModel(config.model.path!, undefined, services)
  if (!resolved.isWhole) return null
  const model = await readModel(resolved)
  const data = await dataFor(resolved, await openPrepared(folder), services.progress)
  const instruction = checkTaskPrompts(nextToken, config, model, data.tokenizer, services.progress.warn)
  const {tokenizer, documents} = data
  const around = instructionTokens(tokenizer, config.prompt)
  const room = promptLimit(config, model)
  return {
    instruction,
    viewOf({doc_id: source, position: index}) {
      const context = {key: {source, index}, tokenIds: documents.get(source).tokenIds.subarray(0, index)}
      const {ids, cutTokens} = renderPrompt(tokenizer, config.prompt, context, room)
      return {
        text: tokenizer.decode(ids),
        tokens: ids.length,
        instruction_tokens: around,
        context_tokens: ids.length - around,
        cut_tokens: cutTokens,
      }
    },
  }
}
