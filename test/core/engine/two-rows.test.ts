import {expect, it} from 'vitest'
import {decodingStepGraph} from '../../../src/core/engine/graphs/decoding-step.js'
import {rolloutLoopGraph} from '../../../src/core/engine/graphs/rollout-loop.js'
import {nodesOf} from '../../support/nodes-of.js'
import {tinyModel} from '../../support/tiny-model.js'

const attentions = {'own heads': {num_key_value_heads: 4}, 'shared heads': {num_key_value_heads: 2}}

it.each(Object.entries(attentions))(
  'no product of sampling has a single row, which would round differently, %s',
  (_, changes) => {
    for (const groupSize of [1, 8]) {
      const shape = {contexts: 2, groupSize, contextLength: 16, capacity: 8, isEven: true, positions: 24}
      const sampling = {temperature: 1, greedy: false, endIds: [2]}
      for (const graph of [rolloutLoopGraph, decodingStepGraph]) {
        const {op} = graph(tinyModel(changes), shape, sampling)
        const products = nodesOf(op.graph).filter((node) => node.op === 'MatMul' || node.op === 'FusedMatMul')
        expect(products.length).toBeGreaterThan(20)
        expect(products.filter(({inputs}) => inputs[0].shape.at(-2) === 1).map(({name}) => name)).toEqual([])
      }
    }
  },
)
