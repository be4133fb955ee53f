import {trainedAmong} from '../../models/adapters.js'
import {headParameters} from '../../models/layer-parameters.js'
import type {Session} from '../../runtime/session.js'
import {addTo} from '../../util/add-to.js'
import type {Arrays, PassFrame} from './pass-frame.js'
import {cut, rowsOf} from './row-layout.js'

/** Trained tokens of a micro-batch, padding included. */
export interface HeadTokens {
  /** Row of each token, [tokens]. */
  readonly rows: BigInt64Array
  /** What the head's graph reads of each, [tokens] each. */
  readonly inputs: Arrays
}

/** What the head said of each token, [tokens] each, and the loss; 0 without an objective. */
export interface HeadOutputs {
  readonly loss: number
  readonly policyLogprobs: Float32Array
  readonly entropy: Float32Array
}

/**
 * Runs the head over the trained tokens, some at a time.
 *
 * @param hidden rows before the final norm, [N, C]
 * @param open the session for so many tokens
 * @param gradient of the hidden rows, [N, C]: that of the trained tokens is added; no gradient is computed where null
 */
export async function runHead(
  frame: PassFrame,
  hidden: Float32Array,
  {rows, inputs}: HeadTokens,
  open: (rows: number) => Promise<Session>,
  gradient: Float32Array | null,
): Promise<HeadOutputs> {
  const {config, weights} = frame
  const {hidden: width} = config
  const policyLogprobs = new Float32Array(rows.length)
  const entropy = new Float32Array(rows.length)
  const own = headParameters(config)
  const parameters = Object.fromEntries(own.map(({name}) => [name, weights.get(name)!]))
  const trained = gradient ? trainedAmong(config, own).map(({name}) => [name, name] as const) : []
  let loss = 0
  for (const {from, to} of cut({from: 0, to: rows.length}, frame.limits.tokens)) {
    const at = [...rows.subarray(from, to)].map((row) => ({from: Number(row), to: Number(row) + 1}))
    const gathered = frame.scratch('hidden', (to - from) * width)
    for (const [i, row] of at.entries()) gathered.set(rowsOf(hidden, row, width), i * width)
    const read = Object.entries(inputs).map(([name, values]) => [name, values.subarray(from, to)])
    const feeds = {hidden: gathered, ...parameters, ...Object.fromEntries(read)}
    const session = await open(to - from)
    const gradients = frame.scratch('gradient/hidden', gathered.length)
    const outputs = await frame.addGradients(session, trained, feeds, gradient ? {'gradient/hidden': gradients} : {})
    if (outputs.policy_logprobs) {
      policyLogprobs.set(outputs.policy_logprobs as Float32Array, from)
      entropy.set(outputs.entropy as Float32Array, from)
    }
    if (!gradient) continue
    loss += Number(outputs.loss[0])
    for (const [i, row] of at.entries())
      addTo(rowsOf(gradient, row, width), rowsOf(gradients, {from: i, to: i + 1}, width))
  }
  return {loss, policyLogprobs, entropy}
}
