import {toHalves} from '../util/to-halves.js'
import {type AdamWSettings, adamWStep, type Moments} from './adamw.js'

/** One weight with what its step reads and overwrites, float32, as long as each other. */
export interface SteppedTensor {
  readonly weight: Float32Array
  readonly gradient: Float32Array
  readonly moments: Moments
  /** In place of that of the settings. */
  readonly weightDecay: number
  /** Overwritten with the weight after the step as float16, as bits; absent where nobody reads it. */
  readonly halves?: Uint16Array
}

/** One AdamW step of several weights. */
export interface StepJob {
  readonly tensors: readonly SteppedTensor[]
  readonly settings: AdamWSettings
  /** 1 for the first update. */
  readonly step: number
  /** Factor on all gradients. */
  readonly gradientScale: number
}

/** Takes the step in place. */
export function takeStep({tensors, settings, step, gradientScale}: StepJob): void {
  for (const {weight, gradient, moments, weightDecay, halves} of tensors) {
    adamWStep(weight, gradient, moments, {...settings, weightDecay}, step, gradientScale)
    if (halves) toHalves(weight, halves)
  }
}

/** The memory of all arrays, to be handed to another thread. */
export function buffersOf(tensors: readonly SteppedTensor[]): ArrayBuffer[] {
  return tensors.flatMap(({weight, gradient, moments: {first, second}, halves}) =>
    [weight, gradient, first, second, ...(halves ? [halves] : [])].map(({buffer}) => buffer as ArrayBuffer),
  )
}
