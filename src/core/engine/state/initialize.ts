import type {Initialization, Parameter} from '../../models/parameters.js'
import {Sampler, type Stream} from '../../util/rng.js'

/** How random weights start: see `model.init` in the configuration. */
export interface InitializationSettings {
  readonly embeddingStd: number
  readonly linearGain: number
  readonly residualScale: number
}

/** Draws one number of a tensor whose rows have `fanIn` numbers. */
type Draw = (sampler: Sampler, fanIn: number, settings: InitializationSettings) => number

const draws: Readonly<Record<Initialization, Draw>> = {
  embedding: (sampler, _, {embeddingStd}) => embeddingStd * sampler.normal(),
  linear: (sampler, fanIn, {linearGain}) => (linearGain / Math.sqrt(fanIn)) * sampler.normal(),
  residual: (sampler, fanIn, {linearGain, residualScale}) =>
    ((linearGain * residualScale) / Math.sqrt(fanIn)) * sampler.normal(),
  zeros: () => 0,
  ones: () => 1,
  // Kaiming's with a = sqrt 5, as PEFT starts adapters.
  uniform: (sampler, fanIn) => (2 * sampler.next() - 1) / Math.sqrt(fanIn),
}

const standard: InitializationSettings = {embeddingStd: 0.02, linearGain: 1, residualScale: 1}

/** Fills a tensor as its parameter starts, from a stream of its own. */
export function fillAtRandom(
  values: Float32Array,
  {shape, initialization}: Parameter,
  stream: Stream,
  settings = standard,
): void {
  const sampler = new Sampler(stream)
  const draw = draws[initialization]
  const fanIn = shape.at(-1)!
  for (let i = 0; i < values.length; i++) values[i] = draw(sampler, fanIn, settings)
}
