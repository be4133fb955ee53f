import {setImmediate as nextTurn} from 'node:timers/promises'
import type {SplitRule} from '../config/names.js'
import type {PairedDifference} from '../statistics/interval.js'
import {type Split, splits} from '../statistics/split.js'
import {groupBy} from '../util/group-by.js'
import {type Progress, silentProgress} from '../util/progress.js'
import {coverSamePositions, type GreedyPredictions, GreedyReader} from './greedy-predictions.js'
import {unlike} from './likeness.js'
import {keptPredictions} from './read-run.js'
import type {Result} from './results.js'

/** Why two results have no paired difference. */
export type Lack = 'predictions not kept' | 'positions differ'

/** The paired difference of two results, split by split. */
export interface Comparison {
  readonly subject: Result
  readonly other: Result
  readonly differences: Readonly<Partial<Record<Split, PairedDifference>>> | null
  /** Why there are no differences; absent where there are. */
  readonly lack?: Lack
  /** What sets the two evaluations apart besides the models and modes, in words. */
  readonly unlike: readonly string[]
}

interface Pair {
  readonly subject: Result
  readonly other: Result
}

/** How many resamples, and who watches. */
export interface CompareOptions {
  readonly bootstraps?: number
  readonly progress?: Progress
}

/**
 * Compares trained runs with other lines of the same seed and benchmark, on the same positions.
 *
 * The subjects are the last checkpoints of the runs that were taught to think, in mode reasoning. If there are none, they are
 * those of all trained runs. Earlier checkpoints of these runs are not compared; they appear in the curve against compute.
 *
 * @param results the lines of a report
 * @returns one comparison for each pair of subject and other line, with the paired difference on each split; null differences
 *   where the predictions do not allow one
 */
export async function compareAll(
  results: readonly Result[],
  {bootstraps, progress = silentProgress}: CompareOptions = {},
): Promise<Comparison[]> {
  const pairs = pairsOf(results)
  const lines = await readLines(new Set(pairs.flatMap(({subject, other}) => [subject, other])), progress)
  const groups = [...groupBy(pairs, ({subject}) => resampleKey(subject)).values()]
  const stage = pairs.length > 0 ? progress.stage('compare', groups.length * splits.length, 'resamplings') : null
  const found = new Map<Pair, Record<string, PairedDifference>>()
  for (const group of groups) {
    const known = group.filter((pair) => lackOf(lines, pair) === undefined)
    for (const split of splits) {
      for (const [pair, difference] of differencesOn(lines, known, split, bootstraps))
        found.set(pair, {...found.get(pair), [split]: difference})
      stage?.advance(1, `${group[0].subject.label}, ${split}`)
      await nextTurn()
    }
  }
  stage?.done()
  return pairs.map((pair) => ({
    ...pair,
    differences: found.get(pair) ?? null,
    lack: lackOf(lines, pair),
    unlike: unlike(pair.subject, pair.other),
  }))
}

/** The pairs that are compared, subject by subject in the order of the lines. */
function pairsOf(results: readonly Result[]): Pair[] {
  const lines = comparedLines(results)
  const studied = new Set(studiedLines(results))
  return lines
    .filter((result) => studied.has(result))
    .flatMap((subject) =>
      lines.filter((other) => other !== subject && isOfSameItems(subject, other)).map((other) => ({subject, other})),
    )
}

function isOfSameItems(one: Result, other: Result): boolean {
  return one.seed === other.seed && one.benchmark === other.benchmark
}

/** The lines whose last checkpoints are the subjects. */
function studiedLines(results: readonly Result[]): readonly Result[] {
  const thinking = results.filter(({taught, mode}) => taught === 'thoughts' && mode === 'reasoning')
  return thinking.length > 0 ? thinking : results.filter(({taught}) => taught !== 'nothing')
}

/** The subjects and what they are compared with: all lines but the earlier checkpoints of the subjects' runs. */
export function comparedLines(results: readonly Result[]): Result[] {
  const lastSteps = new Map<string, number>()
  for (const result of studiedLines(results))
    lastSteps.set(lineage(result), Math.max(result.step, lastSteps.get(lineage(result)) ?? 0))
  return results.filter((result) => result.step >= (lastSteps.get(lineage(result)) ?? 0))
}

/** The run of a checkpoint, whatever its step. */
function lineage({run, subject, objective, seed}: Result): string {
  return JSON.stringify([run.path, subject, objective, seed])
}

/** The greedy predictions of each line, each file read once; without those whose predictions were not kept. */
async function readLines(results: ReadonlySet<Result>, progress: Progress): Promise<Lines> {
  const reader = new GreedyReader()
  const sets = new Map<Result, GreedyPredictions>()
  const files = groupBy(results, ({run, subject, step}) => keptPredictions(run.path, subject, step))
  const stage = results.size > 0 ? progress.stage('predictions', files.size, 'tables') : null
  for (const [file, lines] of files) {
    for (const line of lines) {
      const set = file === null ? null : reader.read(file, line.mode)
      if (set) sets.set(line, set)
    }
    stage?.advance(1, lines[0].label)
    await nextTurn()
  }
  stage?.done()
  return {reader, sets}
}

interface Lines {
  readonly reader: GreedyReader
  readonly sets: ReadonlyMap<Result, GreedyPredictions>
}

function lackOf({sets}: Lines, {subject, other}: Pair): Lack | undefined {
  const [a, b] = [sets.get(subject), sets.get(other)]
  if (a === undefined || b === undefined) return 'predictions not kept'
  return coverSamePositions(a, b) ? undefined : 'positions differ'
}

/** The differences of pairs on one split; lines on the same positions are resampled together. */
function differencesOn(
  {reader, sets}: Lines,
  pairs: readonly Pair[],
  split: Split,
  bootstraps: number | undefined,
): [Pair, PairedDifference][] {
  const shown = pairs.filter(({subject}) => (subject.cells[split]?.count ?? 0) > 0)
  const alike: {readonly first: GreedyPredictions; readonly pairs: Pair[]}[] = []
  for (const pair of shown) {
    const set = sets.get(pair.subject)!
    const known = alike.find(({first}) => first === set || coverSamePositions(first, set))
    if (known) known.pairs.push(pair)
    else alike.push({first: set, pairs: [pair]})
  }
  return alike.flatMap(({pairs: together}) => {
    const own = new Set(together.flatMap(({subject, other}) => [sets.get(subject)!, sets.get(other)!]))
    const {seed} = together[0].subject
    const between = reader.differences([...own], {split, rule: splitRule(together[0].subject)}, {bootstraps, seed})
    return together.map((pair) => [pair, between(sets.get(pair.subject)!, sets.get(pair.other)!)])
  })
}

/** Subjects of one seed and rule of splits may share resamples. */
function resampleKey(subject: Result): string {
  return JSON.stringify([subject.seed, splitRule(subject)])
}

/** Nested splits count a hard position as easy too, so `easy` holds all of them. */
function splitRule({cells}: Result): SplitRule {
  return (cells.easy?.count ?? 0) < (cells.all?.count ?? 0) ? 'disjoint' : 'nested'
}
