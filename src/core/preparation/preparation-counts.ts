import type {Config} from '../config/schema.js'
import type {PositionCounts} from '../prepared/prepared-manifest.js'
import type {Partition, Position} from '../records/records.js'
import {DataError, RuntimeFailure} from '../util/errors.js'
import {selections} from './selections.js'

/** Counts positions of both partitions one by one. */
export class PositionTally {
  private readonly tallies = {train: newTally(), val: newTally()}

  add({partition, difficulty, kept, reason}: Pick<Position, 'partition' | 'difficulty' | 'kept' | 'reason'>): void {
    const tally = this.tallies[partition]
    tally.total++
    if (kept) tally.kept++
    tally.difficulties[difficulty]++
    tally.reasons.set(reason, (tally.reasons.get(reason) ?? 0) + 1)
    if (reason === 'inexpressible') tally.inexpressible[difficulty]++
  }

  /** What was counted so far; reasons in the order of their names. */
  get counts(): Readonly<Record<Partition, PositionCounts>> {
    return {train: countsOf(this.tallies.train), val: countsOf(this.tallies.val)}
  }
}

type Tally = ReturnType<typeof newTally>

function newTally() {
  const none = () => ({none: 0, easy: 0, medium: 0, hard: 0})
  return {total: 0, kept: 0, difficulties: none(), reasons: new Map<string, number>(), inexpressible: none()}
}

function countsOf({total, kept, difficulties, reasons, inexpressible}: Tally): PositionCounts {
  const {easy, medium, hard} = difficulties
  const sorted = [...reasons].sort(([a], [b]) => (a < b ? -1 : 1))
  return {total, kept, easy, medium, hard, reasons: Object.fromEntries(sorted), inexpressible: {...inexpressible}}
}

/** What to say of partitions that keep none of their positions: nothing can be trained or evaluated with them then. */
export function keptNothing(
  {train, val}: Readonly<Record<Partition, PositionCounts>>,
  {select, valDocuments, valFraction}: Pick<Config['data'], 'select' | 'valDocuments' | 'valFraction'>,
): string[] {
  const lines: string[] = []
  if (train.total === 0)
    lines.push('there is no training position, because every document is held out or has a single token')
  else if (train.kept === 0)
    lines.push(
      `none of ${train.total} training positions is kept (${inWords(train.reasons)}); ${selections[select].remedy}`,
    )
  if (val.total === 0 && (valDocuments ?? valFraction) > 0)
    lines.push(
      'there is no held-out position, because no document is held out or each has a single token; give --val-documents',
    )
  if (val.total > 0 && val.kept === 0)
    lines.push(
      `none of ${val.total} held-out positions is kept (${inWords(val.reasons)}); lower data.thresholds to evaluate`,
    )
  return lines.map((line) => `prepare-data: ${line}`)
}

/** The error where no partition keeps a position; what helps against the most frequent reasons comes first. */
export function noneLeft(train: PositionCounts, val: PositionCounts, ofSelection: string): DataError {
  const usual = [ofSelection, 'lower data.thresholds', 'use a weaker proxy', 'give more documents']
  const reasons: Record<string, number> = {...train.reasons}
  for (const [reason, count] of Object.entries(val.reasons)) reasons[reason] = (reasons[reason] ?? 0) + count
  const ranked = Object.entries(reasons).toSorted(([, a], [, b]) => b - a)
  const why = ranked.length > 0 ? ` (${inWords(reasons)})` : ''
  return new DataError(`prepare-data: none of ${train.total + val.total} positions is left after filtering${why}`, {
    suggestions: [...new Set([...ranked.flatMap(([reason]) => remedies[reason] ?? usual), ...usual])].slice(0, 4),
  })
}

/** What helps against reasons that no selection and no threshold changes. */
const remedies: Readonly<Record<string, readonly string[]>> = {
  inexpressible: ['give other documents: their braces are not balanced, and no box can hold such targets'],
  'min-context': ['lower data.minContext', 'give longer documents'],
}

function inWords(reasons: PositionCounts['reasons']): string {
  return Object.entries(reasons)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ')
}

/** Two numbers that must be equal, counted in two ways. */
export interface CountCheck {
  readonly check: string
  readonly left: number
  readonly right: number
}

/** What was counted on the way, and what the tables hold. */
export interface Tallied {
  readonly documents: Readonly<Record<Partition | 'read', number>>
  /** Documents that were read and not written. */
  readonly leftOut: number
  /** Documents that were written beyond the first of each that was read: windows. */
  readonly added: number
  readonly targets: Readonly<Record<Partition, number>>
  readonly positions: Readonly<Record<Partition, PositionCounts>>
  readonly rows: {readonly documents: number; readonly positions: number}
}

/**
 * That nothing was lost or doubled: what went in equals what came out, stage by stage.
 *
 * @param targets tokens that were to be scored: none where documents alone are written
 * @throws {RuntimeFailure} naming the first pair of numbers that differ
 */
export function checkCounts({documents, leftOut, added, targets, positions, rows}: Tallied): CountCheck[] {
  const written = documents.train + documents.val
  const perPartition = (['train', 'val'] as const).flatMap((partition): CountCheck[] => {
    const {total, kept, reasons} = positions[partition]
    const counted = Object.values(reasons).reduce((sum, count) => sum + count, 0)
    return [
      {check: `${partition}: tokens to predict = positions`, left: targets[partition], right: total},
      {check: `${partition}: positions = sum of reasons`, left: total, right: counted},
      {check: `${partition}: kept = reason kept`, left: kept, right: reasons.kept ?? 0},
    ]
  })
  const checks = [
    {
      check: 'documents read - left out + windows = train + val',
      left: documents.read - leftOut + added,
      right: written,
    },
    {check: 'documents = rows of documents.arrow', left: written, right: rows.documents},
    ...perPartition,
    {
      check: 'positions = rows of positions.arrow',
      left: positions.train.total + positions.val.total,
      right: rows.positions,
    },
  ]
  const wrong = checks.find(({left, right}) => left !== right)
  if (wrong) throw new RuntimeFailure(`prepare-data: ${wrong.check} does not hold: ${wrong.left} and ${wrong.right}`)
  return checks
}
