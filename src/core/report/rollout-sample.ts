import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {pickColumns, positionsTable, type RolloutRow, readRows} from '../tables/index.js'
import {groupBy} from '../util/group-by.js'
import {plural} from '../util/plural.js'
import {Sampler, streamSeed} from '../util/rng.js'
import {spread} from './choose-rows.js'
import {type PositionKey, readPlaces} from './contexts.js'
import {describeItem, type Ledger, type LedgerItem, readLedger} from './ledger.js'
import type {SampledCompletion, SampledGroup} from './page/filter.js'
import {readQuestions} from './questions.js'
import {type RunFolder, readRollouts, settingOf} from './read-run.js'

/** Steps of a run whose rollouts a page shows at most, and completions of all runs together. */
const mostSteps = 12
const mostCompletions = 2400
const contextLength = 110
const textLength = 3000
/** Of the choice of positions: equal runs give equal pages. */
const sampleSeed = 0

/** What a page shows of the rollouts of a run, and all completions of the first and the last step of it. */
export interface RolloutSample {
  readonly run: RunFolder
  readonly groups: readonly SampledGroup[]
  readonly steps: readonly number[]
  readonly ends: readonly {readonly step: number; readonly rows: readonly RolloutRow[]}[]
  /** Of the run, with the items of the groups. */
  readonly ledger: Ledger
}

/** The steps of a run that a page shows: the first, the last, and some evenly spread between them. */
export function sampledSteps({rolloutSteps}: RunFolder): number[] {
  return spread(rolloutSteps.length, mostSteps).map((index) => rolloutSteps[index])
}

/**
 * Reads a sample of a run's rollouts: whole groups, drawn at random with a fixed seed from each of its sampled steps.
 *
 * @param share of the completions of a page, in (0, 1]
 * @param afterStep called when a step is read
 */
export async function sampleRollouts(
  run: RunFolder,
  share: number,
  afterStep: () => Promise<void>,
): Promise<RolloutSample> {
  const steps = sampledSteps(run)
  const perStep = Math.floor((share * mostCompletions) / Math.max(1, steps.length))
  const drawn: RolloutRow[][] = []
  const ends: {step: number; rows: RolloutRow[]}[] = []
  for (const step of steps) {
    const rows = readRollouts(run.path, step)
    for (const group of drawGroups(rows, step, perStep)) drawn.push(group)
    if (step === steps[0] || step === steps.at(-1)) ends.push({step, rows})
    await afterStep()
  }
  const data = settingOf(run, 'data.dir')
  const keys = drawn.map(([first]) => first)
  const placeOf = readPlaces(data, keys, contextLength)
  const questionOf = await readQuestions(run, keys)
  const splitOf = readDifficulties(data, keys)
  const ledger = readLedger(run.path, new Set(keys.map(({item}) => item)))
  const groups = drawn.map((rows) => ({
    ...groupOf(run.name, rows),
    split: splitOf(rows[0]),
    context: questionOf(rows[0]) ?? placeOf(rows[0])?.context ?? '',
    byte: placeOf(rows[0])?.byte ?? null,
    ledger: wordsOf(ledger.items.get(rows[0].item)),
  }))
  return {run, groups, steps, ends, ledger}
}

/** Nothing where a run that goes on has dropped the item since. */
function wordsOf(item: LedgerItem | undefined): string {
  return item ? describeItem(item) : ''
}

/** Groups in the order of the step, as many as `completions` allow, at least one. */
function drawGroups(rows: readonly RolloutRow[], step: number, completions: number): RolloutRow[][] {
  const groups = [...groupBy(rows, ({group}) => group).values()]
  const sizes = groups.map((group) => group.length)
  const mean = sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length)
  const count = Math.max(1, Math.floor(completions / Math.max(1, mean)))
  const order = new Sampler(streamSeed(sampleSeed, 'report', 'rollouts', step)).shuffle(groups.keys())
  const chosen = new Set(order.slice(0, count))
  return groups.filter((_, index) => chosen.has(index))
}

function groupOf(
  run: string,
  rows: readonly RolloutRow[],
): Omit<SampledGroup, 'split' | 'context' | 'byte' | 'ledger'> {
  const [{step, doc_id: doc, position, truth, boundaries}] = rows
  const completions = rows.map(completionOf).sort((a, b) => b.reward - a.reward || a.sample - b.sample)
  return {run, step, doc, position, truth: hexOf(truth), boundaries: [...boundaries], completions}
}

function completionOf(row: RolloutRow): SampledCompletion {
  const {sample, outcome, correct, reward, advantage, prediction, explanation} = row
  return {
    sample,
    outcome,
    correct,
    reward: rounded(reward),
    parts: Object.fromEntries(Object.entries(row.reward_parts).map(([name, part]) => [name, rounded(part)])),
    advantage: rounded(advantage),
    tokens: row.completion_ids.length,
    prediction: prediction && hexOf(prediction),
    text: shorten(row.completion_text),
    explanation,
  }
}

/** Reads the difficulty of positions from `positions.arrow` of prepared data. It is an empty text if the data is not there. */
export function readDifficulties(dataDir: unknown, keys: readonly PositionKey[]): (key: PositionKey) => string {
  const path = typeof dataDir === 'string' ? join(dataDir, 'positions.arrow') : ''
  const nameOf = ({doc_id, position}: PositionKey) => `${position} ${doc_id}`
  const wanted = new Set(keys.map(nameOf))
  const found = new Map<string, string>()
  if (existsSync(path) && wanted.size > 0)
    for (const row of readRows(path, pickColumns(positionsTable, 'doc_id', 'position', 'difficulty'))) {
      if (wanted.has(nameOf(row))) found.set(nameOf(row), row.difficulty)
      if (found.size === wanted.size) break
    }
  return (key) => found.get(nameOf(key)) ?? ''
}

/** A sentence that says how many completions, positions and steps of a run a page shows, and how many steps were kept. */
export function sampleNote({run, groups, steps}: Pick<RolloutSample, 'run' | 'groups' | 'steps'>): string {
  const completions = groups.reduce((sum, group) => sum + group.completions.length, 0)
  return (
    `${run.name}: ${plural(completions, 'completion')} at ${plural(groups.length, 'position')} of ${plural(steps.length, 'step')}, ` +
    `of ${plural(run.rolloutSteps.length, 'step')} that were kept.`
  )
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function rounded(value: number): number {
  return Number(value.toPrecision(5))
}

function shorten(text: string): string {
  const characters = [...text]
  if (characters.length <= textLength) return text
  const half = textLength / 2
  const cut = plural(characters.length - textLength, 'character')
  return `${characters.slice(0, half).join('')}\n[... ${cut} left out ...]\n${characters.slice(-half).join('')}`
}
