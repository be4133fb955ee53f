import {adapterParametersOf, trainedParametersOf} from '../../models/adapters.js'
import type {ModelConfig} from '../../models/model-config.js'
import {type Parameter, parametersOf} from '../../models/parameters.js'
import {rotaryTables} from '../../nn/rotary.js'
import type {AdamWSettings, Moments} from '../../optim/adamw.js'
import {clipScale, globalNorm} from '../../optim/clip.js'
import {type LossScale, nextLossScale} from '../../optim/loss-scale.js'
import {StepThreads} from '../../optim/step-threads.js'
import {keepHalfCopy, takeHalfCopy} from '../../runtime/half-copies.js'
import {freeOutput} from '../../runtime/output-memory.js'
import type {TensorData} from '../../runtime/session.js'
import {addTo} from '../../util/add-to.js'
import {NumericError} from '../../util/errors.js'
import {streamSeed} from '../../util/rng.js'
import {sizeOf} from '../../util/shape.js'
import {fillAtRandom, type InitializationSettings} from './initialize.js'
import {RowArrays} from './row-arrays.js'

/** AdamW with a bound on the global gradient norm. */
export interface OptimizerSettings extends AdamWSettings {
  readonly maxGradNorm: number
}

/** What became of a summed gradient. */
export interface AppliedGradients {
  /** Before clipping; null where it overflowed, and the update was skipped. */
  readonly gradNorm: number | null
  /** The factor that gradients were multiplied by; null without one. */
  readonly lossScale: number | null
}

interface RotaryTables {
  readonly cos: Float32Array
  readonly sin: Float32Array
}

/** Weights of one model, float32, by parameter name. */
export type Weights = ReadonlyMap<string, Float32Array>

/**
 * Weights of one model, and moments and gradient sums of those that are trained, float32, by parameter name. The adapters
 * of a model are among its weights; where there are any, they alone are trained.
 */
export class ModelState {
  /** What the weights are without adapters. */
  readonly parameters: readonly Parameter[]
  readonly adapters: readonly Parameter[]
  readonly trained: readonly Parameter[]
  readonly weights = new Map<string, Float32Array>()
  readonly moments = new Map<string, Moments>()
  private readonly gradients = new Map<string, Float32Array>()
  private tables: RotaryTables = {cos: new Float32Array(), sin: new Float32Array()}
  /** What small updates work in. */
  readonly rows = new RowArrays()
  /** Optimizer steps taken. */
  updates = 0
  /** Factor on the gradients of the next update; null where they are as they are. */
  lossScale: LossScale | null = null
  /** Moving average of the weights that are trained, where one is kept. */
  average: Weights | null = null
  /** Takes the optimizer's steps. */
  stepThreads = new StepThreads(1)

  constructor(readonly config: ModelConfig) {
    this.parameters = parametersOf(config)
    this.adapters = adapterParametersOf(config)
    this.trained = trainedParametersOf(config)
    for (const {name, shape} of [...this.parameters, ...this.adapters])
      this.weights.set(name, new Float32Array(sizeOf(shape)))
  }

  /** Fills the weights with seeded random numbers; every tensor has a stream of its own. */
  initialize(settings: InitializationSettings, seed: number): void {
    for (const parameter of this.parameters)
      fillAtRandom(this.weights.get(parameter.name)!, parameter, streamSeed(seed, 'init', parameter.name), settings)
  }

  /** Fills the adapters as PEFT does: A with seeded random numbers, B with zeros, so that they change nothing yet. */
  initializeAdapters(seed: number): void {
    for (const parameter of this.adapters)
      fillAtRandom(this.weights.get(parameter.name)!, parameter, streamSeed(seed, 'lora', parameter.name))
  }

  /**
   * What every graph of a whole model is fed: weights, and rotary tables of `positions` rows.
   *
   * @param trained in place of the weights that are trained
   */
  feeds(positions: number, trained: Weights = this.weights): Record<string, TensorData> {
    const {cos, sin} = this.rotaryTables(positions)
    return {...Object.fromEntries(this.withTrained(trained)), 'rotary.cos': cos, 'rotary.sin': sin}
  }

  /** The weights of the model with others in place of those that are trained. */
  withTrained(trained: Weights): Weights {
    return new Map([...this.weights, ...trained])
  }

  /** Cosines and sines of the first `positions` positions, [positions, D] each: rows of the longest tables that were asked for. */
  rotaryTables(positions: number): RotaryTables {
    const {headSize, ropeTheta, ropeScaling} = this.config
    const size = positions * headSize
    if (this.tables.cos.length < size) {
      const {cos, sin} = rotaryTables(positions, headSize, ropeTheta, ropeScaling)
      this.tables = {cos: Float32Array.from(cos), sin: Float32Array.from(sin)}
    }
    return {cos: this.tables.cos.subarray(0, size), sin: this.tables.sin.subarray(0, size)}
  }

  /** A copy of the weights that are trained: with the others, which stay as they are, a model of its own. */
  copyTrained(): Weights {
    return new Map(this.trained.map(({name}) => [name, this.weights.get(name)!.slice()]))
  }

  /** Forgets gradient sums: an update that was refused leaves some behind. */
  forgetGradients(): void {
    this.gradients.clear()
  }

  /** Whether a gradient of that weight was added since the last update. */
  hasGradient(name: string): boolean {
    return this.gradients.has(name)
  }

  /** The gradient sum of a weight, to be added to; zeros at first. */
  gradientSum(name: string): Float32Array {
    let sum = this.gradients.get(name)
    if (!sum) {
      sum = new Float32Array(this.weights.get(name)!.length)
      this.gradients.set(name, sum)
    }
    return sum
  }

  /** Adds the `gradient/<name>` outputs of a micro-batch, which are empty afterwards, to the sums. */
  accumulate(outputs: Readonly<Record<string, TensorData>>): void {
    for (const {name} of this.trained) {
      const gradient = outputs[`gradient/${name}`] as Float32Array
      const sum = this.gradients.get(name)
      if (!sum) this.gradients.set(name, gradient)
      else {
        addTo(sum, gradient)
        freeOutput(gradient)
      }
    }
  }

  /**
   * Clips the summed gradient by its global norm, takes one AdamW step and forgets the gradient. Vectors (norms, biases)
   * are not decayed. A gradient that overflows under a loss scale is forgotten, without a step, and the scale is halved.
   *
   * @throws {NumericError} when the norm is not finite, and no smaller scale could make it so; weights and moments are then
   *   untouched
   * @throws {RuntimeFailure} when a thread of the optimizer fails; the weights are lost
   */
  async applyGradients(settings: OptimizerSettings): Promise<AppliedGradients> {
    const {lossScale} = this
    const factor = lossScale?.factor ?? 1
    const norm = globalNorm(this.gradients.values()) / factor
    const isGood = Number.isFinite(norm)
    if (lossScale) this.lossScale = nextLossScale(lossScale, isGood)
    const applied = {gradNorm: isGood ? norm : null, lossScale: lossScale && factor}
    if (!isGood) {
      this.gradients.clear()
      if (factor > 1) return applied
      throw new NumericError(`update ${this.updates + 1}: the gradient norm is ${norm}; expected a finite number`)
    }
    this.updates++
    const tensors = this.trained.map(({name, shape}) => ({
      weight: this.weights.get(name)!,
      gradient: this.gradients.get(name)!,
      moments: this.momentsOf(name),
      weightDecay: shape.length > 1 ? settings.weightDecay : 0,
      halves: takeHalfCopy(this.weights.get(name)!),
    }))
    const gradientScale = clipScale(norm, settings.maxGradNorm) / factor
    const stepped = await this.stepThreads.run({tensors, settings, step: this.updates, gradientScale})
    for (const [i, {name}] of this.trained.entries()) {
      const {weight, moments, halves} = stepped[i]
      this.weights.set(name, weight)
      this.moments.set(name, moments)
      if (halves) keepHalfCopy(weight, halves)
    }
    this.gradients.clear()
    return applied
  }

  /** The moments of a weight, zeros before the first step. */
  momentsOf(name: string): Moments {
    let moments = this.moments.get(name)
    if (!moments) {
      const {length} = this.weights.get(name)!
      moments = {first: new Float32Array(length), second: new Float32Array(length)}
      this.moments.set(name, moments)
    }
    return moments
  }
}
