import type {UpdateModeName} from '../config/names.js'
import type {Config} from '../config/schema.js'
import {fitsEverywhere, type MemoryDemand, reportMemory} from '../engine/memory/check-memory.js'
import type {TrainerState} from '../runs/trainer-state.js'

/** How a run's updates are computed, and the memory that it then needs. */
export interface ChosenUpdate {
  readonly updateMode: UpdateModeName
  readonly demand: MemoryDemand
}

/** What to try instead of a mode that does not fit. */
const smallerModes: Readonly<Partial<Record<UpdateModeName, string>>> = {
  whole: 'set update.mode to segmented: updates go layer by layer, in a fraction of the memory',
}

/**
 * As `update.mode` says; `auto` goes on as the run was begun, and begins in one run of the whole graph where that fits.
 *
 * @param begun the state that a run goes on from
 */
export function chooseUpdateMode(
  {update, memory}: Pick<Config, 'update' | 'memory'>,
  demandIn: (mode: UpdateModeName) => MemoryDemand,
  begun?: Pick<TrainerState, 'updateMode'>,
): ChosenUpdate {
  const chosen = (updateMode: UpdateModeName) => ({updateMode, demand: demandIn(updateMode)})
  if (update.mode !== 'auto') {
    const {demand, updateMode} = chosen(update.mode)
    return {updateMode, demand: {...demand, remedy: smallerModes[update.mode]}}
  }
  if (begun) return chosen(begun.updateMode ?? 'whole')
  const whole = chosen('whole')
  return fitsEverywhere(reportMemory(whole.demand, memory)) ? whole : chosen('segmented')
}
