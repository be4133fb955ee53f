import {createHash} from 'node:crypto'
import type {LogprobQuery} from '../../records/records.js'
import {checkFinite} from '../../runtime/finite.js'
import {DataError, RuntimeFailure} from '../../util/errors.js'
import {maxOf} from '../../util/extremes.js'
import {groupBy} from '../../util/group-by.js'
import {joinIds} from '../../util/join-ids.js'
import {type Tell, tellNobody} from '../../util/tell.js'
import {type LogprobShape, logprobsGraph} from '../graphs/logprobs.js'
import {paddedRows} from '../graphs/padded-rows.js'
import {logprobShape} from '../graphs/shapes.js'
import type {SessionCache} from '../sessions/session-cache.js'
import type {ModelState, Weights} from '../state/model-state.js'
import {batchesWithin} from './score.js'

/** How queries are answered. */
export interface LogprobSettings {
  /** Tokens, padding included, in one run of the graph at the most. */
  readonly batchTokens: number
  /** 1 when absent. */
  readonly temperature?: number
}

/** Weights of the models that can be asked, in the shapes of the present one; null where none was kept. */
export type AskedModels = Readonly<Record<LogprobQuery['of'], Weights | null>>

/**
 * Answers queries, each [continuation length] float32: the natural log-probability of every token of the continuation
 * given the prompt and the tokens before it, full vocabulary. Equal queries are computed once.
 *
 * @throws {DataError} when a prompt or continuation is empty, or both together are longer than the model's positions
 * @throws {RuntimeFailure} when a model is asked that was never kept
 * @throws {NumericError} at a log-probability that is not finite
 */
export async function answerQueries(
  state: ModelState,
  sessions: SessionCache,
  queries: readonly LogprobQuery[],
  settings: LogprobSettings,
  models: AskedModels,
  tell: Tell = tellNobody,
): Promise<Float32Array[]> {
  for (const [index, query] of queries.entries()) checkQuery(query, index, models, state.config.maxPositions)
  const equal = [...groupBy(queries.keys(), (index) => identityOf(queries[index])).values()]
  const answers = new Array<Float32Array>(queries.length)
  for (const [of, asked] of groupBy(equal, ([first]) => queries[first].of)) {
    const once = asked.map(([first]) => queries[first])
    const watch = (done: number) => tell(`asking the ${of}, ${done}/${once.length} queries done`)
    const found = await logprobsUnder(models[of]!, state, sessions, once, settings, watch)
    for (const [i, indices] of asked.entries()) for (const index of indices) answers[index] = found[i].slice()
  }
  return answers
}

function checkQuery({of, prompt, continuation}: LogprobQuery, index: number, models: AskedModels, most: number): void {
  const lengths = `query ${index} has ${prompt.length} tokens of prompt and ${continuation.length} of continuation`
  if (prompt.length === 0 || continuation.length === 0) throw new DataError(`${lengths}; expected at least one of each`)
  if (prompt.length + continuation.length > most) throw new DataError(`${lengths}; the model has ${most} positions`)
  if (!models[of]) throw new RuntimeFailure(`query ${index} asks the ${of} weights, but none were kept`)
}

function identityOf({of, prompt, continuation}: LogprobQuery): string {
  return createHash('sha256').update(`${of} ${prompt.length}`).update(prompt).update(continuation).digest('hex')
}

async function logprobsUnder(
  weights: Weights,
  state: ModelState,
  sessions: SessionCache,
  queries: readonly LogprobQuery[],
  {batchTokens, temperature = 1}: LogprobSettings,
  watch: (done: number) => void,
): Promise<Float32Array[]> {
  const answers = new Array<Float32Array>(queries.length)
  // Nobody asks what comes after the last token.
  const sequences = queries.map(({prompt, continuation}) => joinIds(prompt, continuation.subarray(0, -1)))
  let done = 0
  for (const batch of batchesWithin(sequences, batchTokens)) {
    const asked = batch.map((index) => queries[index])
    const rows = batch.map((index) => sequences[index])
    const shape = logprobShape(rows.length, maxOf(rows.map(({length}) => length)), tokensAsked(asked))
    const build = () => logprobsGraph(state.config, shape, temperature)
    const session = await sessions.get('logprobs', {...shape, temperature}, build)
    const inputs = {...paddedRows(rows, shape), ...askedTokens(asked, shape)}
    const {logprobs} = await session.run({...state.feeds(shape.length, weights), ...inputs})
    let from = 0
    for (const index of batch) {
      const to = from + queries[index].continuation.length
      answers[index] = (logprobs as Float32Array).slice(from, to)
      checkFinite(
        answers[index],
        (i) => `the log-probability of token ${i} of a continuation`,
        state.lossScale !== null,
      )
      from = to
    }
    done += batch.length
    watch(done)
  }
  return answers
}

function tokensAsked(queries: readonly LogprobQuery[]): number {
  return queries.reduce((sum, {continuation}) => sum + continuation.length, 0)
}

/** The tokens of all continuations, and the rows of the block that predict them. */
function askedTokens(queries: readonly LogprobQuery[], {length, asked}: LogprobShape) {
  const askedRows = new BigInt64Array(asked)
  const targets = new BigInt64Array(asked)
  let slot = 0
  for (const [row, {prompt, continuation}] of queries.entries())
    for (const [t, id] of continuation.entries()) {
      askedRows[slot] = BigInt(row * length + prompt.length - 1 + t)
      targets[slot++] = BigInt(id)
    }
  return {asked_rows: askedRows, targets}
}
