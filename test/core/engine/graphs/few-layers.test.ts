import {expect, it} from 'vitest'
import {ofFewLayers, ofManyLayers} from '../../../../src/core/engine/graphs/few-layers.js'

/** A graph whose fullest moment is in the head up to 9 layers, and in the layers from there on. */
const bent = (layers: number) => ({layers, bytes: Math.max(1000 + 10 * layers, 910 + 20 * layers), nodes: 100 * layers})
const nodesOf = ({nodes}: {readonly nodes: number}) => nodes

it('few layers tell of many where each adds as much as the others', () => {
  const {some, next, at} = ofFewLayers(40, bent)
  expect([some.layers, next.layers, at(some.nodes, next.nodes)]).toEqual([3, 4, 4000])
  expect(ofFewLayers(2, bent).next.layers).toBe(2)
  expect(ofFewLayers(40, bent, true).some.layers).toBe(40)
})

it('a graph to which later layers add more is measured as it is, unless that would take long', () => {
  const light = ofManyLayers(40, bent, nodesOf)
  expect(light.at(light.some.bytes, light.next.bytes)).toBe(1710)
  const heavy = ofManyLayers(40, (layers) => ({...bent(layers), nodes: 500 * layers}), nodesOf)
  expect([heavy.some.layers, heavy.next.layers]).toEqual([3, 4])
})
