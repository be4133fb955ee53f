import type {DeviceKind} from '../../runtime/devices/device-kind.js'
import type {GraphTraffic} from '../../runtime/traffic.js'
import {maxOf} from '../../util/extremes.js'
import {rolloutLoopGraph} from '../graphs/rollout-loop.js'
import {type RolloutSizes, rolloutShape} from '../graphs/shapes.js'
import type {EngineWork} from '../memory/engine-work.js'
import {limitsOn, rowCounts} from '../segments/row-layout.js'
import {noTraffic, plus, wholeTraffic} from './run-traffic.js'
import {type CountedUpdate, countedModes} from './update-traffic.js'

/** What a step moves between host and device, if all its texts are as long as the longest. */
export interface StepTraffic {
  readonly rollout: GraphTraffic
  readonly update: GraphTraffic
}

/** Bytes in both directions together. */
export function bytesOf({toDevice, fromDevice}: GraphTraffic): number {
  return toDevice + fromDevice
}

/**
 * Counts the bytes that a step moves between host and device, from the shapes of its graphs. Nothing is compiled.
 *
 * @param device one that reads in place moves nothing
 */
export function stepTraffic(work: EngineWork, {readsInPlace}: DeviceKind): StepTraffic {
  if (readsInPlace) return {rollout: noTraffic, update: noTraffic}
  const {rollout, times = {}} = work
  const sampling = rollout ? rolloutTraffic(work, rollout) : noTraffic
  return {rollout: plus(noTraffic, sampling, times.rollout ?? 1), update: updateTraffic(work)}
}

/** Bytes that sampling one batch of prompts moves: its whole loop is one run. */
export function rolloutTraffic(work: Pick<EngineWork, 'model' | 'precision'>, sizes: RolloutSizes): GraphTraffic {
  const sampling = {temperature: 1, greedy: false, endIds: work.model.endIds}
  return wholeTraffic(work, (of) => rolloutLoopGraph(of, rolloutShape(sizes), sampling))
}

function updateTraffic(work: EngineWork): GraphTraffic {
  const {model, precision, objective, policy, languageModel, updateMode = 'whole', times = {}} = work
  const rows = [policy && rowCounts(policy).all, languageModel && languageModel.rows * languageModel.length]
  const update: CountedUpdate = {
    model,
    precision,
    limits: limitsOn({readsInPlace: false}, model),
    mostRows: maxOf([0, ...rows.filter((count) => count !== undefined)]),
  }
  const mode = countedModes[updateMode]
  const counts: (readonly [number, GraphTraffic])[] = [
    ...(policy ? [[times.policy ?? 1, mode.policy(update, policy, objective)] as const] : []),
    ...(policy && times.asked ? [[times.asked, mode.logprobs(update, policy)] as const] : []),
    ...(languageModel ? [[times.languageModel ?? 1, mode.languageModel(update, languageModel)] as const] : []),
  ]
  return counts.reduce((sum, [count, traffic]) => plus(sum, traffic, count), noTraffic)
}
