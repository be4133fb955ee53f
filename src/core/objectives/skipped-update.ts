import type {AppliedGradients} from '../engine/state/model-state.js'

/** Whether a gradient overflowed under the loss scale, so that nothing moved. */
export function isSkipped({gradNorm}: AppliedGradients): boolean {
  return gradNorm === null
}

/** What is said of an update that was skipped. */
export function skippedNote(step: number, {lossScale}: AppliedGradients): string {
  return `train: step ${step}: the gradient overflows at loss scale ${lossScale}: the update is skipped, the scale halved`
}

/** What is measured of the loss scale; absent where there is none. */
export function scaleMeasures(updates: readonly AppliedGradients[]) {
  const lossScale = updates.at(-1)?.lossScale ?? null
  return lossScale === null ? {} : {lossScale, updatesSkipped: updates.filter(isSkipped).length}
}
