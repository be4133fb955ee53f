import {basename, dirname} from 'node:path'
import {setImmediate} from 'node:timers/promises'
import type {ThoughtStyle} from '../config/names.js'
import type {Config} from '../config/schema.js'
import {guardWrite, makeFolder, replaceFile, sweepTemporary, writeFully} from '../files/index.js'
import {refuseReplaced} from '../prepared/prepared.js'
import type {Difficulty} from '../records/records.js'
import type {Origins} from '../runs/origins.js'
import {type Summary, summarize} from '../runs/summary.js'
import {DataError, Interrupted} from '../util/errors.js'
import type {Services} from '../util/services.js'
import {balancedOrder} from './balanced-order.js'
import {type MadeRow, makeRow, type Obstacle} from './make-row.js'
import {openWarmStart, type WarmStart} from './open-warm-start.js'
import {readProxyViews} from './proxy-views.js'
import {Tally} from './tally.js'

/** What `rpt warm-start` wrote. */
export interface WarmStartSummary extends Summary {
  readonly path: string
  readonly rows: number
  /** Which instruction the prompts are in, and how long it is. */
  readonly prompts: string
  readonly by_difficulty: Readonly<Partial<Record<Difficulty, number>>>
  readonly by_style: Readonly<Partial<Record<ThoughtStyle, number>>>
  /** Positions that no row could be made of, by reason. */
  readonly passed_over: Readonly<Partial<Record<Obstacle, number>>>
  /** Rows whose prompt lost context. */
  readonly cut_prompts: number
  readonly mean_tokens: number
  readonly longest_tokens: number
  /** Commit of the model where the Hub has it, by setting. */
  readonly origins: Origins
}

/** Rows between two turns of the event loop. */
const rowsPerTurn = 64

/**
 * `rpt warm-start`: training positions and a tokenizer -> rows of prompt and completion that teach a model the form of a
 * thought and its box. The file holds all of its rows or is not written.
 *
 * @throws {DataError} when there are fewer positions than rows
 * @throws {Interrupted} when the signal is aborted; nothing is written then
 */
export async function warmStart(config: Config, services: Services): Promise<WarmStartSummary> {
  const started = new Date()
  const opened = await openWarmStart(config, services)
  const {path, instruction, origins} = opened
  await guardWrite('creating', dirname(path), () => makeFolder(dirname(path)))
  const tally = new Tally()
  const stage = services.progress.stage('write rows', config.warmStart.rows, 'rows')
  await sweepTemporary(dirname(path), {only: basename(path), warn: services.progress.warn})
  await replaceFile(path, async (handle) => {
    for (const made of rowsOf(opened, config)) {
      tally.add(made)
      if (typeof made === 'string') continue
      await writeFully(handle, Buffer.from(`${JSON.stringify(made.row)}\n`))
      stage.advance(1)
      if (tally.rows % rowsPerTurn === 0) await setImmediate()
      if (services.signal.aborted) throw new Interrupted('warm-start: stopped; nothing was written')
      if (tally.rows === config.warmStart.rows) return
    }
    throw tooFew(config, tally)
  })
  stage.done(`${path}, ${tally.rows} rows`)
  if (tally.passedOver !== '') services.progress.log(`warm-start: ${tally.rows} rows${tally.passedOver}`)
  return {
    ...(await summarize('warm-start', config, services, started, null)),
    path,
    rows: tally.rows,
    prompts: instruction!,
    by_difficulty: Object.fromEntries(tally.difficulties),
    by_style: Object.fromEntries(tally.styles),
    passed_over: Object.fromEntries(tally.obstacles),
    cut_prompts: tally.cutPrompts,
    mean_tokens: tally.tokens / tally.rows,
    longest_tokens: tally.longest,
    origins,
  }
}

/** A row, or why there is none, of every training position, difficulties in turn. */
function* rowsOf({given}: WarmStart, config: Config): Generator<MadeRow> {
  const {data, maker} = given!
  const views = readProxyViews(data.folder, data.trainPositions.length)
  refuseReplaced(data, 'positions.arrow')
  for (const index of balancedOrder(data.trainPositions, config.seed))
    yield makeRow(maker, maker.task.itemAt('train', index), views.at(index))
}

function tooFew({data, warmStart: {rows}}: Config, tally: Tally): DataError {
  return new DataError(
    `warm-start: ${data.dir} has training positions for ${tally.rows} rows; --rows is ${rows}${tally.passedOver}`,
    {
      suggestions: [
        ...(tally.rows > 0 ? [`give --rows ${tally.rows}`] : []),
        ...tally.remedies,
        'prepare more documents, or lower data.selectThreshold',
      ],
    },
  )
}
