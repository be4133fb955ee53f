import {setImmediate} from 'node:timers/promises'
import {Interrupted} from '../util/errors.js'
import type {Stage} from '../util/progress.js'

/** Items between two turns of the event loop. */
const itemsPerTurn = 64

/** The progress that a loop over items moves, and the signal that may end it. */
export interface Tracking<T> {
  readonly stage: Stage
  readonly signal: AbortSignal
  /** Units of the stage in one item. */
  readonly unitsOf: (item: T) => number
}

/**
 * Passes the items on as they come; now and then it advances the stage and gives the event loop a turn, so that a stop is
 * noticed.
 *
 * @throws {Interrupted} when the signal is aborted
 */
export async function* trackProgress<T>(
  items: Iterable<T> | AsyncIterable<T>,
  {stage, signal, unitsOf}: Tracking<T>,
): AsyncGenerator<T> {
  let count = 0
  let units = 0
  checkNotStopped(signal)
  for await (const item of items) {
    yield item
    units += unitsOf(item)
    if (++count % itemsPerTurn !== 0) continue
    stage.advance(units)
    units = 0
    await setImmediate()
    checkNotStopped(signal)
  }
  if (units > 0) stage.advance(units)
}

/** @throws {Interrupted} when the user has asked to stop */
export function checkNotStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new Interrupted('prepare-data: stopped; nothing was written')
}
