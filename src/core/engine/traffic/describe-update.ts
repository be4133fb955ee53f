import {devices} from '../../runtime/devices.js'
import {gib, type MemoryDemand} from '../memory/check-memory.js'
import {bytesOf, stepTraffic} from './step-traffic.js'

/** One line on how updates are computed and, where runs copy what they are fed, what a step moves if its texts are as long as can be. */
export function describeUpdate({work, device}: MemoryDemand, asked: string): string {
  const {updateMode = 'whole', microBatchesAtOnce = 1} = work
  const together = microBatchesAtOnce > 1 ? `, ${microBatchesAtOnce} micro-batches at once` : ''
  const choice = `update: ${updateMode}${together} (update.mode ${asked})`
  if (devices[device].readsInPlace) return choice
  const {rollout, update} = stepTraffic(work, devices[device])
  const sampling = bytesOf(rollout) > 0 ? `${gib(bytesOf(rollout))} for sampling, ` : ''
  return `${choice}; to the device and back each step at most ${sampling}${gib(bytesOf(update))} for the update`
}
