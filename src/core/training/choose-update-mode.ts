import {type UpdateModeName, updateModeNames} from '../config/names.js'
import type {Config} from '../config/schema.js'
import {fitsEverywhere, type MemoryDemand, reportMemory} from '../engine/memory/check-memory.js'
import {bytesOf, stepTraffic} from '../engine/traffic/step-traffic.js'
import type {TrainerState} from '../runs/trainer-state.js'
import {devices} from '../runtime/devices.js'

/** How a run's updates are computed, and the memory that it then needs. */
export interface ChosenUpdate {
  readonly updateMode: UpdateModeName
  readonly microBatchesAtOnce: number
  readonly demand: MemoryDemand
}

/** What a run goes on with. */
export type BegunUpdate = Pick<TrainerState, 'updateMode' | 'microBatchesAtOnce'>

type DemandIn = (mode: UpdateModeName, microBatchesAtOnce: number) => MemoryDemand

/** What to try instead of a mode that does not fit. */
const smallerModes: Readonly<Partial<Record<UpdateModeName, string>>> = {
  whole: 'set update.mode to segmented: updates go layer by layer, in a fraction of the memory',
}

/**
 * How a run computes its updates: as `update.mode` says. `auto` keeps the mode with which the run began. A new run takes the
 * whole graph if it fits. On a device that copies the inputs of runs, it takes the way that moves the fewest bytes, of those
 * that fit.
 *
 * @param begun the state from which a resumed run continues; absent for a new run
 */
export function chooseUpdateMode(
  {update, memory}: Pick<Config, 'update' | 'memory'>,
  demandIn: DemandIn,
  begun?: BegunUpdate,
): ChosenUpdate {
  const chosen = (updateMode: UpdateModeName, microBatchesAtOnce = update.microBatchesAtOnce ?? 1): ChosenUpdate => ({
    updateMode,
    microBatchesAtOnce,
    demand: demandIn(updateMode, microBatchesAtOnce),
  })
  if (update.mode !== 'auto') {
    const {demand, ...one} = chosen(update.mode)
    return {...one, demand: {...demand, remedy: smallerModes[update.mode]}}
  }
  if (begun) return chosen(begun.updateMode ?? 'whole', update.microBatchesAtOnce ?? begun.microBatchesAtOnce)
  const fits = ({demand}: ChosenUpdate) => fitsEverywhere(reportMemory(demand, memory))
  const whole = chosen('whole')
  if (devices[whole.demand.device].readsInPlace) return fits(whole) ? whole : chosen('segmented')
  const counts = update.microBatchesAtOnce === undefined ? undefined : [update.microBatchesAtOnce]
  const candidates = updateModeNames.flatMap((mode) => fittingCounts((count) => chosen(mode, count), fits, counts))
  return candidates.length > 0 ? leastMoved(candidates) : chosen('segmented')
}

/** As many micro-batches at once as fit: 1, 2, 4, ..., no more than there are. */
function fittingCounts(
  chosen: (count: number) => ChosenUpdate,
  fits: (one: ChosenUpdate) => boolean,
  counts: readonly number[] = Array.from({length: 16}, (_, power) => 2 ** power),
): ChosenUpdate[] {
  const found: ChosenUpdate[] = []
  for (const count of counts) {
    const one = chosen(count)
    if (!fits(one)) break
    found.push(one)
    if (!one.demand.work.isAccumulated) break
  }
  return found
}

function leastMoved(candidates: readonly ChosenUpdate[]): ChosenUpdate {
  const moved = ({demand: {work, device}}: ChosenUpdate) => bytesOf(stepTraffic(work, devices[device]).update)
  return candidates
    .map((one) => ({one, bytes: moved(one)}))
    .reduce((least, next) => (next.bytes < least.bytes ? next : least)).one
}
