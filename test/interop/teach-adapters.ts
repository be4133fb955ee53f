import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import type {AdapterTarget} from '../../src/core/config/names.js'
import type {WeightSource} from '../../src/core/engine/engine.js'
import {causalHiddenStates, decoderGraph} from '../../src/core/engine/graphs/decoder-graph.js'
import {LocalEngine} from '../../src/core/engine/local-engine.js'
import {describeModel} from '../../src/core/engine/state/describe-model.js'
import {loadState} from '../../src/core/engine/state/load-state.js'
import {logitsOf} from '../../src/core/models/decoder.js'
import {Session} from '../../src/core/runtime/session.js'

/**
 * Trains adapters on a checkpoint, saves them alone and merged, and computes logits with them and with those of PEFT, for
 * `check_adapters.py`.
 *
 * Usage: teach-adapters.ts JOB.json; `logits` is written: rows of logits as {ours, theirs}.
 */
interface Job {
  readonly base: string
  readonly rank: number
  readonly alpha: number
  readonly rsLora: boolean
  readonly targets: readonly AdapterTarget[]
  /** Rows of equal length. */
  readonly sequences: readonly number[][]
  /** Adapters, and below them the merged checkpoint. */
  readonly ours: string
  readonly theirs: string
  readonly logits: string
}

const optimizer = {learningRate: 0.02, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1e9}

async function teach({base, rank, alpha, rsLora, targets, sequences, ours}: Job): Promise<void> {
  const engine = new LocalEngine({device: 'cpu', threads: 1})
  const fresh = {rank, alpha, rsLora, targets, base: {name: base, revision: null}}
  await engine.load({checkpoint: base, adapter: {fresh, seed: 3}})
  const rows = sequences.map((ids) => ({ids: Int32Array.from(ids), trainedFrom: 1}))
  for (let update = 0; update < 3; update++)
    await engine.updateLanguageModel({rows, rowsPerMicroBatch: 4, optimizer, mode: 'whole'})
  mkdirSync(ours)
  await engine.save(ours, false, {dtype: 'float32', isMerged: true})
  await engine.close()
}

async function logitsFor(source: WeightSource, sequences: readonly number[][]): Promise<number[][]> {
  const state = await loadState(source, await describeModel(source))
  const [{length}] = sequences
  const built = decoderGraph(state.config, length)
  const hidden = causalHiddenStates(built, {rows: sequences.length, length})
  built.op.graph.output('logits', logitsOf(built.op, built.weights, hidden))
  const session = await Session.compile(built.op.graph, {device: 'cpu', threads: 1})
  const {logits} = await session.run({
    ...state.feeds(length),
    ids: BigInt64Array.from(sequences.flat(), BigInt),
    positions: BigInt64Array.from({length: sequences.flat().length}, (_, i) => BigInt(i % length)),
  })
  await session.release()
  const width = length * state.config.vocabulary
  return sequences.map((_, row) => Array.from(logits.subarray(row * width, (row + 1) * width) as Float32Array))
}

const job: Job = JSON.parse(readFileSync(process.argv[2], 'utf8'))
await teach(job)
const found = async (folder: string) =>
  logitsFor({checkpoint: job.base, adapter: {folder, isMerged: false}}, job.sequences)
writeFileSync(job.logits, JSON.stringify({ours: await found(job.ours), theirs: await found(job.theirs)}))
