import {expect, it} from 'vitest'
import {ModelState} from '../../../../src/core/engine/state/model-state.js'
import {parametersOf} from '../../../../src/core/models/parameters.js'
import {tinyModel} from '../../../support/tiny-model.js'

const model = tinyModel({hidden_size: 64, intermediate_size: 96, vocab_size: 97})

/** Weights of a model whose random numbers are scaled like this, by the kind of their start. */
function spreadsOf(settings: {embeddingStd: number; linearGain: number; residualScale: number}) {
  const state = new ModelState(model)
  state.initialize(settings, 1)
  const kinds = new Map(
    parametersOf(model).map(({name, initialization, shape}) => [name, {initialization, fanIn: shape.at(-1)!}]),
  )
  const found: Record<string, number[]> = {}
  for (const [name, values] of state.weights) {
    const {initialization, fanIn} = kinds.get(name)!
    const scale = initialization === 'embedding' ? 1 : Math.sqrt(fanIn)
    const squares = values.reduce((sum, value) => sum + value * value, 0)
    found[initialization] = [...(found[initialization] ?? []), scale * Math.sqrt(squares / values.length)]
  }
  return found
}

it('random weights have the spreads that model.init says, each kind its own', () => {
  const spreads = spreadsOf({embeddingStd: 0.5, linearGain: 2, residualScale: 0.25})
  const near = (kind: string, expected: number) => {
    expect(spreads[kind].length).toBeGreaterThan(0)
    for (const spread of spreads[kind]) expect(spread / expected).toBeCloseTo(1, 1)
  }
  near('embedding', 0.5)
  near('linear', 2)
  near('residual', 0.5)
})
