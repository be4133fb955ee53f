import {templates} from '../../src/core/prompts/templates.js'
import {type Control, controls} from '../controls.js'

/** A template of the study, with the paper's numbers (Table 8) as shares. */
export interface Studied {
  readonly name: 'v0' | 'v1' | 'v2' | 'v3' | 'v4' | 'v5' | 'v6'
  readonly random1: number
  readonly pass8: number
}

/** The paper's model was trained to think; its positions are of Omni-MATH. */
export const studied: readonly Studied[] = [
  {name: 'v0', random1: 0.03, pass8: 0.085},
  {name: 'v1', random1: 0.057, pass8: 0.11},
  {name: 'v2', random1: 0.057, pass8: 0.16},
  {name: 'v3', random1: 0.053, pass8: 0.11},
  {name: 'v4', random1: 0.04, pass8: 0.09},
  {name: 'v5', random1: 0.044, pass8: 0.125},
  {name: 'v6', random1: 0.06, pass8: 0.19},
]

/** How a template is put to the model. */
export interface VariantSettings {
  readonly title: string
  /** Text that stands before the instruction. */
  readonly before?: string
  /** What the model's turn begins with. */
  readonly opening?: string
  /** Whether the paper's grading can be met: the thought ends in what the model writes. */
  readonly isPaperGraded: boolean
  /** For models alone that were not trained to think. */
  readonly isForPlainModels: boolean
  /** Settings of its evaluations besides those of eval.yaml. */
  readonly settings: readonly string[]
  /** What stands in for the thought, to see what it is worth; none where there is no thought. */
  readonly controls: readonly Control[]
}

/** A model that was not trained to think cannot know how a thought ends, and may not box: so it is told, or helped. */
export const variants = {
  asked: {title: 'as it is', isPaperGraded: true, isForPlainModels: false, settings: [], controls},
  told: {
    title: 'told how a thought ends',
    before: 'Think in a few short sentences and end the thought with </think>. Answer after that.\n\n',
    opening: '<think>\n',
    isPaperGraded: true,
    isForPlainModels: true,
    settings: [],
    controls,
  },
  begun: {
    title: 'box begun',
    opening: '<think>\n</think>\n\n\\boxed{',
    isPaperGraded: false,
    isForPlainModels: true,
    settings: ['rollout.maxTokens=16', 'rollout.stop=["}"]'],
    // Its thought is an empty one already.
    controls: [],
  },
} as const satisfies Readonly<Record<string, VariantSettings>>

/** A key of `variants`. */
export type Variant = keyof typeof variants

/** Every variant, in the order of the tables. */
export const variantNames = Object.keys(variants) as Variant[]

/** The text of a template file of a variant; null where the template is used as it is. */
export function templateOf(name: Studied['name'], {before}: VariantSettings): string | null {
  return before === undefined ? null : `${before}${templates[name].instruction}\n`
}

/** The chat template of a model, or none, then what its turn begins with; null where that is nothing. */
export function chatTemplateOf(source: string | null, opening: string | undefined): string | null {
  if (opening === undefined) return null
  const turn = source ?? `{{ messages[0]['content'] }}{{ '\\n' }}`
  return `${turn}{% if add_generation_prompt %}{{ ${JSON.stringify(opening)} }}{% endif %}`
}
