import {readdirSync} from 'node:fs'
import {join} from 'node:path'
import {type PredictionRow, predictionsTable, readRows} from '../src/core/tables/index.js'

/** What is said where an experiment on a real model is given none; it is no failure. */
export function skipLine(experiment: string): string {
  return `skipped: ${experiment} needs a real checkpoint; give --model DIR, or a Hub id`
}

/** `--documents FILE` in place of the data set that a configuration names; nothing without. */
export function documentsFrom(file: string | undefined): string[] {
  return file === undefined ? [] : ['--documents', file, '--set', 'data.subset=null']
}

/** The sampled completions of an evaluation of one checkpoint, in mode reasoning. */
export function sampledPredictions(evaluation: string): PredictionRow[] {
  return predictionsOf(evaluation).filter(({mode, sample}) => mode === 'reasoning' && sample > 0)
}

/** The greedy completions of an evaluation of one checkpoint, in one mode. */
export function greedyPredictions(evaluation: string, ofMode: string): PredictionRow[] {
  return predictionsOf(evaluation).filter(({mode, sample}) => mode === ofMode && sample === 0)
}

function predictionsOf(evaluation: string): PredictionRow[] {
  const folder = join(evaluation, 'eval')
  const files = readdirSync(folder).filter((name) => name.endsWith('.arrow'))
  if (files.length !== 1) throw new Error(`${folder} holds ${files.length} tables; expected one checkpoint`)
  return [...readRows(join(folder, files[0]), predictionsTable)]
}
