import type {Session} from '../../runtime/session.js'
import {languageModelHeadGraph, policyHeadGraph} from '../graphs/layer-segments.js'
import type {PolicyShape} from '../graphs/policy.js'
import {type HeadOutputs, type HeadTokens, runHead} from '../segments/head-runs.js'
import {type Arrays, PassFrame, type RowTokens} from '../segments/pass-frame.js'
import {keepsAll, limitsOn, type RowLayout, rowCounts} from '../segments/row-layout.js'
import {SegmentedPass} from '../segments/segmented-pass.js'
import type {ModelState} from '../state/model-state.js'
import {RowArrays} from '../state/row-arrays.js'
import type {MicroBatch, UpdateMode, UpdateTools} from './update-mode.js'

/** A micro-batch layer by layer: what stays in memory is each layer's input, and one layer. */
export function openSegmented(tools: UpdateTools, limits = limitsOn(tools.sessions, tools.state.config)): UpdateMode {
  const {state, sessions, mostRows} = tools
  const arrays = arraysOf(state, keepsAll(state.config, mostRows, limits))
  const frameOf = (layout: RowLayout, tokens: RowTokens, weights = state.weights as PassFrame['weights']) =>
    new PassFrame(tools, layout, tokens, weights, arrays, limits)

  /** The head's loss of these tokens; its gradient goes back through all layers. */
  async function learn(frame: PassFrame, tokens: HeadTokens, open: (rows: number) => Promise<Session>) {
    const pass = new SegmentedPass(frame)
    const hidden = await pass.forward(true)
    const gradient = frame.array('gradient/hidden', frame.config.hidden).fill(0)
    const outputs = await runHead(frame, hidden, tokens, open, gradient)
    await pass.backward(gradient)
    return outputs
  }

  return {
    policy({shape, inputs}, temperature, objective): Promise<HeadOutputs> {
      const open = (rows: number) =>
        sessions.get('policy-head', {rows, temperature, ...objective}, () =>
          policyHeadGraph(state.config, {rows}, temperature, objective),
        )
      return learn(frameOf(shape, rowTokensOf(inputs)), policyTokens({shape, inputs}), open)
    },

    async logprobsUnder(weights, {shape, inputs}, temperature) {
      const frame = frameOf(shape, rowTokensOf(inputs), state.withTrained(weights))
      const hidden = await new SegmentedPass(frame).forward(false)
      const open = (rows: number) =>
        sessions.get('policy-head', {rows, temperature}, () => policyHeadGraph(state.config, {rows}, temperature))
      return (await runHead(frame, hidden, policyTokens({shape, inputs}), open, null)).policyLogprobs
    },

    async languageModel({shape: {rows, length}, inputs}) {
      const {ids, positions, trained_rows: trainedRows, ...perToken} = inputs
      const layout = {contexts: rows, contextLength: length, groupSize: 0, completionLength: 0}
      const frame = frameOf(layout, rowTokensOf({ids, positions}))
      const open = (count: number) =>
        sessions.get('language-model-head', {rows: count}, () => languageModelHeadGraph(state.config, {rows: count}))
      return (await learn(frame, {rows: trainedRows as BigInt64Array, inputs: perToken}, open)).loss
    },
  }
}

/** Arrays of an update that is small stay for the next one; before a larger one, they go. */
function arraysOf(state: ModelState, stay: boolean): RowArrays {
  if (stay) return state.rows
  state.rows.forget()
  return new RowArrays()
}

function rowTokensOf({ids, positions, context_lengths: contextLengths}: Arrays): RowTokens {
  return {ids, positions, contextLengths} as RowTokens
}

/** Trained rows of a policy's micro-batch count from the first completion on. */
function policyTokens({shape, inputs}: MicroBatch<PolicyShape>): HeadTokens {
  const {ids, positions, context_lengths, trained_rows: trainedRows, ...perToken} = inputs
  const start = BigInt(rowCounts(shape).context)
  return {rows: (trainedRows as BigInt64Array).map((row) => row + start), inputs: perToken}
}
