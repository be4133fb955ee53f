import {expect, it} from 'vitest'
import {estimateMemory} from '../../../../src/core/engine/memory/memory.js'
import {devices} from '../../../../src/core/runtime/devices.js'
import {tinyModel} from '../../../support/tiny-model.js'

const model = tinyModel({num_attention_heads: 4, num_key_value_heads: 2, head_dim: 64})
/** Keys and values of one token of one row. */
const entryBytes = 4 * 2 * model.layers * model.kvHeads * model.headSize

/** Estimated caches of a batch, in tokens of one completion each, without those of the contexts. */
function tokensOfCaches(maxTokens: number): number {
  const rollout = {contexts: 2, groupSize: 4, promptTokens: 257, maxTokens}
  const {parts} = estimateMemory({model, rollout}, devices.cpu)
  const {bytes} = parts.find(({name}) => name === 'key-value cache of the rollout')!
  return (bytes - entryBytes * 2 * 2 * 256) / (entryBytes * 2 * 4)
}

it('pages are counted once, and a first page that doubles half as much again', () => {
  expect([16, 128, 512, 1024].map(tokensOfCaches)).toEqual([24, 192, 768, 1536])
  expect([1536, 2048, 4096, 8192].map(tokensOfCaches)).toEqual([1536, 2048, 4096, 8192])
  expect(tokensOfCaches(2100), 'a last page of half the size').toBe(2048 + 512)
})
