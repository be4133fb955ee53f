import {type AdamWSettings, adamWStep, type Moments} from './adamw.js'

/** One weight with what its step reads and overwrites, float32, as long as each other. */
export interface SteppedTensor {
  readonly weight: Float32Array
  readonly gradient: Float32Array
  readonly moments: Moments
  /** In place of that of the settings. */
  readonly weightDecay: number
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
  for (const {weight, gradient, moments, weightDecay} of tensors)
    adamWStep(weight, gradient, moments, {...settings, weightDecay}, step, gradientScale)
}

/** The memory of all arrays, to be handed to another thread. */
export function buffersOf(tensors: readonly SteppedTensor[]): ArrayBuffer[] {
  return tensors.flatMap(({weight, gradient, moments: {first, second}}) =>
    [weight, gradient, first, second].map(({buffer}) => buffer as ArrayBuffer),
  )
}
