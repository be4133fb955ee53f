import type {PositionCounts} from '../prepared/prepared-manifest.js'
import type {Partition, Position} from '../records/records.js'
import {type PositionRow, positionsTable, writeTable} from '../tables/index.js'
import {PositionTally} from './preparation-counts.js'
import type {Setup} from './preparation-setup.js'
import {readScored, type ScoreFiles} from './scored-documents.js'
import {chooseSelection, positionsOf, type SelectionSettings} from './select.js'
import {type Selection, summarizeSelection} from './selections.js'
import {checkNotStopped, trackProgress} from './track-progress.js'
import type {DocumentCounts} from './write-documents.js'

/** What positions are selected with. */
type SelectionSetup = Pick<Setup, 'config' | 'tokenizer' | 'services'>

/** entropies -> selection, as `positions.arrow`; one batch of rows in memory at a time. */
export async function writePositions(
  file: string,
  files: ScoreFiles,
  written: DocumentCounts,
  setup: SelectionSetup,
): Promise<Readonly<Record<Partition, PositionCounts>>> {
  const {config, tokenizer, services} = setup
  const selection = await selectionFor(files, written, setup)
  const {progress, signal} = services
  const {targets} = written
  const stage = progress.stage('select positions', targets.train + targets.val, 'positions')
  const tally = new PositionTally()
  function* rows(): Generator<PositionRow> {
    for (const document of readScored(files)) {
      checkNotStopped(signal)
      for (const position of positionsOf(document, selection, tokenizer, config)) {
        tally.add(position)
        yield rowOf(position)
      }
      stage.advance(document.tokenIds.length - 1)
    }
  }
  await writeTable(file, positionsTable, rows())
  const {train, val} = tally.counts
  stage.done(`${train.kept + val.kept} of ${train.total + val.total} positions kept`)
  progress.log(selectionLine(config.data, train))
  const inexpressible = (train.reasons.inexpressible ?? 0) + (val.reasons.inexpressible ?? 0)
  if (inexpressible > 0)
    progress.log(
      `${inexpressible} of ${train.total + val.total} positions are left out, because no box can hold their targets (braces)`,
    )
  return {train, val}
}

/** How many training positions are kept, and which. */
function selectionLine(data: SelectionSettings['data'], train: PositionCounts): string {
  const {select, rule, share_kept} = summarizeSelection(data, train)
  const share = (100 * share_kept).toFixed(1)
  return `training positions: ${train.kept} of ${train.total} kept (${share}%), by data.select=${select}: ${rule}`
}

function selectionFor(
  files: ScoreFiles,
  {documents, targets}: DocumentCounts,
  {config, tokenizer, services: {progress, signal}}: SelectionSetup,
): Promise<Selection> {
  async function* read() {
    const stage = progress.stage('rank positions', documents.train + documents.val, 'documents')
    yield* trackProgress(readScored(files), {stage, signal, unitsOf: () => 1})
    stage.done()
  }
  return chooseSelection({read, trainTargets: targets.train}, tokenizer, config)
}

function rowOf(position: Position): PositionRow {
  return {
    doc_id: position.docId,
    position: position.position,
    partition: position.partition,
    target_id: position.targetId,
    target_bytes: position.targetBytes,
    entropy: position.entropy,
    difficulty_entropy: position.difficultyEntropy,
    target_logprob: position.targetLogprob,
    top1_id: position.top1Id,
    difficulty: position.difficulty,
    kept: position.kept,
    reason: position.reason,
  }
}
