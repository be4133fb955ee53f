import type {PrecisionName, UpdateModeName} from '../../config/names.js'
import type {ObjectiveSettings} from '../../grpo/objective.js'
import {firstOfKind} from '../../models/layer-kinds.js'
import type {ModelConfig} from '../../models/model-config.js'
import type {GraphTraffic} from '../../runtime/traffic.js'
import type {DecoderGraph} from '../graphs/decoder-graph.js'
import {type LanguageModelShape, languageModelGraph} from '../graphs/language-model.js'
import {
  type Direction,
  feedForwardGraph,
  headsGraph,
  languageModelHeadGraph,
  policyHeadGraph,
} from '../graphs/layer-segments.js'
import {type PolicyShape, policyGraph} from '../graphs/policy.js'
import {attentionBlocks, attentionGraph} from '../segments/attention-blocks.js'
import {cut, keepsAll, keptLayers, type RowLayout, type RunLimits, readRows, rowCounts} from '../segments/row-layout.js'
import {TrafficTally, wholeTraffic} from './run-traffic.js'

/** What the micro-batches of an update have in common. */
export interface CountedUpdate {
  readonly model: ModelConfig
  /** float32 when absent. */
  readonly precision?: PrecisionName
  readonly limits: RunLimits
  /** Rows of the largest micro-batch. */
  readonly mostRows: number
}

/** What one micro-batch moves between host and device, by what is asked of it. */
interface CountedMode {
  policy(update: CountedUpdate, shape: PolicyShape, objective?: ObjectiveSettings): GraphTraffic
  /** Log-probabilities alone. */
  logprobs(update: CountedUpdate, shape: PolicyShape): GraphTraffic
  languageModel(update: CountedUpdate, shape: LanguageModelShape): GraphTraffic
}

/** Both ways to compute a micro-batch, run for run as `updateModes` makes them. */
export const countedModes: Readonly<Record<UpdateModeName, CountedMode>> = {
  whole: {
    policy: (update, shape, objective) => wholeTraffic(update, (of) => policyGraph(of, shape, 1, objective)),
    logprobs: (update, shape) => wholeTraffic(update, (of) => policyGraph(of, shape, 1)),
    languageModel: (update, shape) => wholeTraffic(update, (of) => languageModelGraph(of, shape)),
  },
  segmented: {
    policy: (update, shape, objective) =>
      segmentedTraffic(update, shape, ['forward', 'backward'], shape.trained, (rows) =>
        policyHeadGraph(update.model, {rows}, 1, objective),
      ),
    logprobs: (update, shape) =>
      segmentedTraffic(update, shape, ['forward'], shape.trained, (rows) => policyHeadGraph(update.model, {rows}, 1)),
    languageModel: (update, {rows: contexts, length: contextLength, trained}) =>
      segmentedTraffic(
        update,
        {contexts, contextLength, groupSize: 0, completionLength: 0},
        ['forward', 'backward'],
        trained,
        (rows) => languageModelHeadGraph(update.model, {rows}),
      ),
  },
}

function segmentedTraffic(
  update: CountedUpdate,
  layout: RowLayout,
  directions: readonly Direction[],
  tokens: number,
  head: (rows: number) => DecoderGraph,
): GraphTraffic {
  const {model, precision, limits, mostRows} = update
  const tally = new TrafficTally(precision)
  const kept = keptLayers(model, mostRows, limits)
  const keepsProducts = directions.includes('backward') && keepsAll(model, mostRows, limits)
  for (let layer = 0; layer < model.layers; layer++)
    for (const direction of directions)
      addLayer(tally, update, layout, layer, direction, {keepsAttention: layer < kept, keepsProducts})
  for (const {from, to} of cut({from: 0, to: tokens}, limits.tokens))
    tally.add({rows: to - from}, () => head(to - from))
  return tally.total
}

function addLayer(
  tally: TrafficTally,
  {model, limits}: CountedUpdate,
  layout: RowLayout,
  layer: number,
  direction: Direction,
  {keepsAttention, keepsProducts}: {readonly keepsAttention: boolean; readonly keepsProducts: boolean},
): void {
  const all = {from: 0, to: rowCounts(layout).all}
  const read = layer === model.layers - 1 ? readRows(layout) : all
  const positions = layout.contextLength + layout.completionLength
  const blocks = attentionBlocks(model, layout, limits)
  const readBlocks = read.from > 0 ? blocks.completion : [...blocks.context, ...blocks.completion]
  const kind = firstOfKind(model, layer)
  const attend = (way: Direction) => {
    for (const {from, to} of cut(all, limits.rows)) {
      const shape = {rows: to - from, positions, layer: kind}
      tally.add({part: 'heads', way, ...shape}, () => headsGraph(model, shape, way))
    }
    for (const block of readBlocks)
      tally.add({part: block.kind, way, ...block.shape}, () => attentionGraph(model, block, way))
  }
  if (direction === 'backward' && !keepsAttention) attend('forward')
  attend(direction)
  for (const {from, to} of cut(read, limits.rows)) {
    const shape = {rows: to - from, layer: kind, keepsProducts}
    tally.add({part: 'feed-forward', direction, ...shape}, () => feedForwardGraph(model, shape, direction))
  }
}
