import {expect, it} from 'vitest'
import {ofAllLayers, ofFewLayers} from '../../../../src/core/engine/graphs/few-layers.js'

const measured = (layers: number) => ({layers, bytes: 1000 + 10 * layers})

it('few layers tell of many, where each adds as much as the others', () => {
  const {few, next, at} = ofFewLayers(40, measured)
  expect([few.layers, next.layers, at(few.bytes, next.bytes)]).toEqual([3, 4, 1400])
})

it.each([1, 3])('a graph of %i layers is measured as it is', (layers) => {
  const {few, next, at} = ofFewLayers(layers, measured)
  expect([few.layers, next.layers, at(few.bytes, next.bytes)]).toEqual([layers, layers, 1000 + 10 * layers])
})

it('all layers are measured where that is asked for', () => {
  const {few, next, at} = ofAllLayers(40, measured)
  expect([few.layers, next, at(few.bytes, next.bytes)]).toEqual([40, few, 1400])
})
