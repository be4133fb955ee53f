import type {ModelConfig} from '../../models/model-config.js'
import {type Parameter, parametersOf} from '../../models/parameters.js'
import {rotaryTables} from '../../nn/rotary.js'
import {type AdamWSettings, adamWStep, type Moments} from '../../optim/adamw.js'
import {clipScale, globalNorm} from '../../optim/clip.js'
import type {TensorData} from '../../runtime/session.js'
import {NumericError} from '../../util/errors.js'
import {Sampler, streamSeed} from '../../util/rng.js'
import {sizeOf} from '../../util/shape.js'

/** How random weights start: see `model.init` in the configuration. */
export interface InitializationSettings {
  readonly embeddingStd: number
  readonly linearGain: number
  readonly residualScale: number
}

/** AdamW with a bound on the global gradient norm. */
export interface OptimizerSettings extends AdamWSettings {
  readonly maxGradNorm: number
}

/** Weights of one model, float32, by parameter name. */
export type Weights = ReadonlyMap<string, Float32Array>

/** Weights, moments and gradient sums of one model, float32, by parameter name. */
export class ModelState {
  readonly parameters: readonly Parameter[]
  readonly weights = new Map<string, Float32Array>()
  readonly moments = new Map<string, Moments>()
  private readonly gradients = new Map<string, Float32Array>()
  private readonly tables = new Map<number, {cos: Float32Array; sin: Float32Array}>()
  /** Optimizer steps taken. */
  updates = 0
  /** Moving average of the weights, where one is kept. */
  average: Weights | null = null

  constructor(readonly config: ModelConfig) {
    this.parameters = parametersOf(config)
    for (const {name, shape} of this.parameters) this.weights.set(name, new Float32Array(sizeOf(shape)))
  }

  /** Fills the weights with seeded random numbers; every tensor has a stream of its own. */
  initialize({embeddingStd, linearGain, residualScale}: InitializationSettings, seed: number): void {
    for (const {name, shape, initialization} of this.parameters) {
      const fanIn = shape.at(-1)!
      const deviation = {
        embedding: embeddingStd,
        linear: linearGain / Math.sqrt(fanIn),
        residual: (linearGain * residualScale) / Math.sqrt(fanIn),
        zeros: 0,
        ones: 0,
      }[initialization]
      const sampler = new Sampler(streamSeed(seed, 'init', name))
      const offset = initialization === 'ones' ? 1 : 0
      const weight = this.weights.get(name)!
      for (let i = 0; i < weight.length; i++) weight[i] = deviation === 0 ? offset : deviation * sampler.normal()
    }
  }

  /** What every graph of a whole model is fed: weights, and rotary tables of `positions` rows. */
  feeds(positions: number, weights: Weights = this.weights): Record<string, TensorData> {
    const {cos, sin} = this.rotaryTables(positions)
    return {...Object.fromEntries(weights), 'rotary.cos': cos, 'rotary.sin': sin}
  }

  /** Cosines and sines of the first `positions` positions, [positions, D] each. */
  rotaryTables(positions: number): {readonly cos: Float32Array; readonly sin: Float32Array} {
    let tables = this.tables.get(positions)
    if (!tables) {
      const {headSize, ropeTheta, ropeScaling} = this.config
      const {cos, sin} = rotaryTables(positions, headSize, ropeTheta, ropeScaling)
      tables = {cos: Float32Array.from(cos), sin: Float32Array.from(sin)}
      this.tables.set(positions, tables)
    }
    return tables
  }

  /** A copy of the present weights. */
  copyWeights(): Weights {
    return new Map([...this.weights].map(([name, weight]) => [name, weight.slice()]))
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

  /** Adds the `gradient/<name>` outputs of a micro-batch to the sums. */
  accumulate(outputs: Readonly<Record<string, TensorData>>): void {
    for (const {name} of this.parameters) {
      const gradient = outputs[`gradient/${name}`] as Float32Array
      const sum = this.gradients.get(name)
      if (!sum) this.gradients.set(name, gradient)
      else for (let i = 0; i < sum.length; i++) sum[i] += gradient[i]
    }
  }

  /**
   * Clips the summed gradient by its global norm, takes one AdamW step and forgets the gradient. Vectors (norms, biases)
   * are not decayed.
   *
   * @returns the norm before clipping
   * @throws {NumericError} when the norm is not finite; weights and moments are then untouched
   */
  applyGradients(settings: OptimizerSettings): number {
    const norm = globalNorm(this.gradients.values())
    if (!Number.isFinite(norm)) {
      this.gradients.clear()
      throw new NumericError(`update ${this.updates + 1}: the gradient norm is ${norm}; expected a finite number`)
    }
    const scale = clipScale(norm, settings.maxGradNorm)
    this.updates++
    for (const {name, shape} of this.parameters) {
      const weightDecay = shape.length > 1 ? settings.weightDecay : 0
      const weight = this.weights.get(name)!
      adamWStep(
        weight,
        this.gradients.get(name)!,
        this.momentsOf(name),
        {...settings, weightDecay},
        this.updates,
        scale,
      )
    }
    this.gradients.clear()
    return norm
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
