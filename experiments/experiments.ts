import type {ResultRow} from './result-table.js'

/** What an experiment needs besides this folder. */
export type Needs = 'nothing' | 'model'

/** A table or figure of the paper, or a question that it left open: a folder with a script. */
export interface Experiment {
  /** Of its folder. */
  readonly name: string
  readonly script: string
  readonly needs: Needs
  /** Of one core with AVX-512 that has nothing else to do; of all cores where a model is needed. */
  readonly minutes: number
  /** Whether `--quick` goes through it: no sweep, whose points name their data, and no real model. */
  readonly hasQuick: boolean
  /** The tables of its README, made of its result.arrow; null where no result is published yet. */
  readonly tables: (() => Promise<{tablesOf: (rows: readonly ResultRow[]) => Readonly<Record<string, string>>}>) | null
}

/** All that `npm run experiments` knows, in its order. */
export const experiments: readonly Experiment[] = [
  {
    name: 'tiny',
    script: 'tiny/seeds.ts',
    needs: 'nothing',
    minutes: 12,
    hasQuick: true,
    tables: () => import('./tiny/seeds-table.js'),
  },
  {
    name: 'scaling',
    script: 'scaling/run.ts',
    needs: 'nothing',
    minutes: 12,
    hasQuick: false,
    tables: () => import('./scaling/table.js'),
  },
  {
    name: 'model-sizes',
    script: 'model-sizes/run.ts',
    needs: 'nothing',
    minutes: 14,
    hasQuick: true,
    tables: () => import('./model-sizes/table.js'),
  },
  {
    name: 'rewards',
    script: 'rewards/run.ts',
    needs: 'nothing',
    minutes: 18,
    hasQuick: true,
    tables: () => import('./rewards/table.js'),
  },
  {
    name: 'rlvr',
    script: 'rlvr/run.ts',
    needs: 'nothing',
    minutes: 9,
    hasQuick: true,
    tables: () => import('./rlvr/table.js'),
  },
  {
    name: 'multiple-choice',
    script: 'multiple-choice/run.ts',
    needs: 'nothing',
    minutes: 4,
    hasQuick: true,
    tables: () => import('./multiple-choice/table.js'),
  },
  {
    name: 'compute-matched',
    script: 'compute-matched/run.ts',
    needs: 'nothing',
    minutes: 22,
    hasQuick: true,
    tables: () => import('./compute-matched/render.js'),
  },
  {
    name: 'template-study',
    script: 'template-study/run.ts',
    needs: 'model',
    minutes: 50,
    hasQuick: false,
    tables: () => import('./template-study/render.js'),
  },
  {
    name: 'patterns',
    script: 'patterns/run.ts',
    needs: 'model',
    minutes: 8,
    hasQuick: false,
    tables: () => import('./patterns/table.js'),
  },
]
