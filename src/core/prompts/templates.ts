/** Stands for the context in a template. */
export const placeholder = '{context}'
/** What begins a thought. */
export const startTag = '<think>'
/** What ends a thought. */
export const endTag = '</think>'

/** How a prompt is worded: a row of `templates`. */
export interface Template {
  /** What is said around the context: the user's message where there is a chat template. */
  readonly instruction: string
  /** What the model's turn begins with; nothing when absent. */
  readonly opening?: string
  /** Whether it is no message: a chat template is never put around it. */
  readonly isPlain?: boolean
}

const spaceNote =
  'The next token may begin with a space: box it with that space, as in \\boxed{ word} or \\boxed{ =}, and do not wrap it in \\text{}.'

/**
 * Instruction templates with the properties of the paper's v0 to v6 (RPT, Appendix D), in our own words; `opened` and
 * `tagged`, which say how a thought ends, for models that were not trained to think; `bare`: the context and an opened
 * thought, for models that need no instruction; and `boxed`, for questions.
 */
export const templates = {
  v0: {
    instruction: `Read the text below and work out, step by step, which token follows it. Give your final answer as \\boxed{token}. ${spaceNote}\n\n"### Context"\n${placeholder}`,
  },
  v1: {
    instruction: `Read the text below and work out, step by step, which token follows it. Give your final prediction as \\\\boxed{token}. ${spaceNote}\n\n### Context\n\`\`\`\n${placeholder}\n\`\`\`.`,
  },
  v2: {
    instruction: `You are a helpful assistant who predicts next tokens well. Read the text below, think step by step about what follows, and box the answer as \\boxed{token}. The token may begin with a space: write \\boxed{ word} or \\boxed{ +=} then, and do not use \\text{}.\n\n### Context\n\`\`\`\n${placeholder}\n\`\`\``,
  },
  v3: {
    instruction: `Read the text below. List several tokens that could follow it, choose the most probable one, and give it as \\boxed{token}. ${spaceNote}\n\n### Context\n\`\`\`\n${placeholder}\n\`\`\``,
  },
  v4: {
    instruction: `Predict the token that follows each text.\n\nText: I have never seen anything like\nAnswer: \\boxed{ this}\n\nText: 3 + 6 =\u0020\nAnswer: \\boxed{9}\n\nText: We list the cases\nAnswer: \\boxed{:\n}\n\n### Context\n\`\`\`\n${placeholder}\n\`\`\``,
  },
  v5: {
    instruction: `Read the text below and work out, step by step, which token follows it. Give your final answer as \\boxed{token}. ${spaceNote}\n\n"### Context"\n\`\`\`\n${placeholder}\n\`\`\``,
  },
  v6: {
    instruction: `The text to continue stands between backtick fences. List several tokens that could follow it, choose the most probable one, and give it as \\boxed{token}. ${spaceNote}\n\n\`\`\`\n${placeholder}\n\`\`\`\n\nPredict the next token now.`,
  },
  opened: {
    instruction: `Read the text below and work out which token follows it. Think in a few short sentences and end the thought with </think>. Then give the token as \\boxed{token}. ${spaceNote}\n\n"### Context"\n${placeholder}`,
    opening: '<think>\n',
  },
  tagged: {
    instruction: `Read the text below and work out which token follows it. Write your thoughts, a few short sentences, between <think> and </think>. After </think> give the token as \\boxed{token}. ${spaceNote}\n\n"### Context"\n${placeholder}`,
  },
  bare: {instruction: placeholder, opening: '<think>', isPlain: true},
  boxed: {instruction: `${placeholder}\n\nReason step by step, then give the final answer as \\boxed{answer}.`},
} as const satisfies Readonly<Record<string, Template>>

/** What `prompt.template: auto` stands for: by whether the model was trained to think. */
export const automatic: Readonly<Record<'thinking' | 'plain', keyof typeof templates>> = {
  thinking: 'v0',
  plain: 'opened',
}

/** The built-in template of a name; undefined where there is none. */
export function builtIn(name: string): Template | undefined {
  return Object.hasOwn(templates, name) ? templates[name as keyof typeof templates] : undefined
}
