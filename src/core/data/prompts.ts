import type {Context, Prompt} from '../records/records.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {UsageError} from '../util/errors.js'
import {nearest} from '../util/suggest.js'

const placeholder = '{context}'

const spaceNote =
  'The next token may begin with a space: box it with that space, as in \\boxed{ word} or \\boxed{ =}, and do not wrap it in \\text{}.'

/**
 * Instruction templates with the properties of the paper's v0 to v6 (RPT, Appendix D), in our own words, and `bare`: the
 * context and an opened thought, for models that need no instruction.
 */
export const templates: Readonly<Record<string, string>> = {
  v0: `Read the text below and work out, step by step, which token follows it. Give your final answer as \\boxed{token}. ${spaceNote}\n\n"### Context"\n${placeholder}`,
  v1: `Read the text below and work out, step by step, which token follows it. Give your final prediction as \\\\boxed{token}. ${spaceNote}\n\n### Context\n\`\`\`\n${placeholder}\n\`\`\`.`,
  v2: `You are a helpful assistant who predicts next tokens well. Read the text below, think step by step about what follows, and box the answer as \\boxed{token}. The token may begin with a space: write \\boxed{ word} or \\boxed{ +=} then, and do not use \\text{}.\n\n### Context\n\`\`\`\n${placeholder}\n\`\`\``,
  v3: `Read the text below. List several tokens that could follow it, choose the most probable one, and give it as \\boxed{token}. ${spaceNote}\n\n### Context\n\`\`\`\n${placeholder}\n\`\`\``,
  v4: `Predict the token that follows each text.\n\nText: I have never seen anything like\nAnswer: \\boxed{ this}\n\nText: 3 + 6 =\u0020\nAnswer: \\boxed{9}\n\nText: We list the cases\nAnswer: \\boxed{:\n}\n\n### Context\n\`\`\`\n${placeholder}\n\`\`\``,
  v5: `Read the text below and work out, step by step, which token follows it. Give your final answer as \\boxed{token}. ${spaceNote}\n\n"### Context"\n\`\`\`\n${placeholder}\n\`\`\``,
  v6: `The text to continue stands between backtick fences. List several tokens that could follow it, choose the most probable one, and give it as \\boxed{token}. ${spaceNote}\n\n\`\`\`\n${placeholder}\n\`\`\`\n\nPredict the next token now.`,
  bare: `${placeholder}<think>`,
}

/**
 * Puts a context into an instruction template.
 *
 * The context keeps its document's own token ids; only the template around it is tokenized. A prompt that would be too
 * long loses context from the left, on a token boundary.
 *
 * @param template name of a built-in template, or text with `{context}` exactly once
 * @throws {UsageError} when the template is unknown, or longer than `maxTokens` by itself
 */
export function renderPrompt(tokenizer: Tokenizer, template: string, context: Context, maxTokens: number): Prompt {
  const ids = templateIds(tokenizer, template)
  const {start, before, after} = ids
  const own = context.tokenIds[0] === tokenizer.startId ? context.tokenIds.subarray(1) : context.tokenIds
  const room = roomOf(ids, maxTokens)
  return {context, ids: Int32Array.of(...start, ...before, ...own.subarray(Math.max(0, own.length - room)), ...after)}
}

/**
 * Checks that a template can be rendered, context aside.
 *
 * @throws {UsageError} when it is unknown, or leaves no room for context within `maxTokens`
 */
export function checkTemplate(tokenizer: Tokenizer, template: string, maxTokens: number): void {
  roomOf(templateIds(tokenizer, template), maxTokens)
}

function roomOf({start, before, after}: TemplateIds, maxTokens: number): number {
  const taken = start.length + before.length + after.length
  if (taken < maxTokens) return maxTokens - taken
  throw new UsageError(`prompt.maxTokens is ${maxTokens}; the template alone takes ${taken} tokens`)
}

interface TemplateIds {
  readonly start: readonly number[]
  readonly before: Int32Array
  readonly after: Int32Array
}

const rendered = new WeakMap<Tokenizer, Map<string, TemplateIds>>()

function templateIds(tokenizer: Tokenizer, template: string): TemplateIds {
  const known = rendered.get(tokenizer) ?? new Map<string, TemplateIds>()
  rendered.set(tokenizer, known)
  const cached = known.get(template)
  if (cached) return cached
  const [before, after] = partsOf(template)
  const ids = {
    start: tokenizer.startId === null ? [] : [tokenizer.startId],
    before: tokenizer.encodeMarkup(before),
    after: tokenizer.encodeMarkup(after),
  }
  known.set(template, ids)
  return ids
}

function partsOf(template: string): [string, string] {
  const parts = (Object.hasOwn(templates, template) ? templates[template] : template).split(placeholder)
  if (parts.length === 2) return [parts[0], parts[1]]
  const guess = nearest(template, Object.keys(templates))
  throw new UsageError(
    `prompt.template is ${JSON.stringify(template)}; expected one of ${Object.keys(templates).join(', ')}, or text with ${placeholder} once`,
    {suggestions: guess ? [`did you mean ${guess}?`] : []},
  )
}
