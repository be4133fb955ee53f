import type {PowerLaw} from '../statistics/power-law.js'
import type {Split} from '../statistics/split.js'

/** What figures show, before they are drawn: as SVG on a page, or as dots in a terminal. */

/** A point of a curve. */
export interface PlotPoint {
  readonly x: number
  readonly y: number
}

/** One named line of a figure. */
export interface Curve {
  readonly name: string
  readonly points: readonly PlotPoint[]
}

/** An accuracy in [0, 1] with its 95% interval; NaN where there is none. */
export interface Measured {
  readonly accuracy: number
  readonly ciLow: number
  readonly ciHigh: number
}

/** One curve of a scaling figure, with its fit where there is one. */
export interface ScalingSeries {
  readonly name: string
  readonly points: readonly (Measured & {readonly compute: number})[]
  readonly fit?: PowerLaw
}

/** A horizontal mark to compare with, e.g. the base model's argmax accuracy. */
export interface ReferenceLine {
  readonly name: string
  readonly accuracy: number
}

/** One row of the accuracy figure: a model in a mode, on the splits it was evaluated on. */
export interface AccuracyRow {
  readonly name: string
  readonly splits: Readonly<Record<string, Measured>>
}

/** Accuracy against compute on one split. */
export interface ScalingFigure {
  readonly split: Split
  readonly series: readonly ScalingSeries[]
  readonly references: readonly ReferenceLine[]
  /** Range of accuracy in [0, 1], to give several figures the same axis. */
  readonly yDomain?: readonly [number, number]
}

/** An accuracy and its interval in percent; where there is no interval its ends are the accuracy. */
export function inPercent({accuracy, ciLow, ciHigh}: Measured): {y: number; low: number; high: number} {
  const known = (value: number) => (Number.isFinite(value) ? 100 * value : 100 * accuracy)
  return {y: 100 * accuracy, low: known(ciLow), high: known(ciHigh)}
}
