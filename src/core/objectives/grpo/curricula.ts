import type {CurriculumName} from '../../config/names.js'
import type {Config} from '../../config/schema.js'

/** A part of a run: from when on it lasts, and what its steps draw from. */
export interface Stage {
  /** Unique within its curriculum; names the random stream and the count of what was drawn. */
  readonly name: string
  /** Share of the steps that are over when it begins, in [0, 1). */
  readonly from: number
  /** Strata of the items that its steps draw. */
  readonly strata: readonly string[]
}

/** What positions are drawn while a run goes on: a row of `curricula`. */
export type Curriculum = (settings: Config['grpo']) => readonly Stage[]

/** Levels of difficulty, what no level holds counted to the easiest. */
const levels = {easy: ['none', 'easy'], medium: ['medium'], hard: ['hard']} as const

/**
 * Every curriculum; one without stages draws from all items throughout. Adding one is one row, and its name in
 * config/names.ts.
 *
 * Source of easy-to-hard: RMT (arXiv 2509.24375), with transitions at 30% and 70% of the steps.
 */
export const curricula: Readonly<Record<CurriculumName, Curriculum>> = {
  none: () => [],
  'easy-to-hard': ({curriculumAt}) => stagesOf(['easy', 'medium', 'hard'], curriculumAt),
  'hard-to-easy': ({curriculumAt}) => stagesOf(['hard', 'medium', 'easy'], curriculumAt),
}

function stagesOf(names: readonly (keyof typeof levels)[], transitions: readonly number[]): Stage[] {
  return names.map((name, i) => ({name, from: [0, ...transitions][i], strata: levels[name]}))
}
