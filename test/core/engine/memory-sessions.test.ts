import {describe, expect, it} from 'vitest'
import {decoderGraph} from '../../../src/core/engine/graphs/decoder-graph.js'
import {languageModelGraph} from '../../../src/core/engine/graphs/language-model.js'
import {SessionCache} from '../../../src/core/engine/sessions/session-cache.js'
import {heldBytes, inputBytes, keepsItsMemory} from '../../../src/core/engine/sessions/session-memory.js'
import {parseModelConfig} from '../../../src/core/models/model-config.js'
import {devices} from '../../../src/core/runtime/devices.js'

const model = parseModelConfig(
  {
    model_type: 'llama',
    vocab_size: 32,
    hidden_size: 16,
    intermediate_size: 32,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    tie_word_embeddings: true,
  },
  'config.json',
)

const graphOf = (length: number) => () => languageModelGraph(model, {rows: 1, length, trained: length})
const bytes = heldBytes(graphOf(16)().op.graph, true, devices.cpu.memory)
const options = {device: 'cpu', threads: 1} as const

describe('SessionCache', () => {
  it('lets the least recently used go when compiled graphs would hold more than the budget', async () => {
    const cache = new SessionCache(options, 3.5 * bytes)
    const first = await cache.get('policy', {name: 'a'}, graphOf(16))
    const second = await cache.get('policy', {name: 'b'}, graphOf(16))
    await cache.get('policy', {name: 'c'}, graphOf(16))
    expect(await cache.get('policy', {name: 'a'}, graphOf(16))).toBe(first)
    await cache.get('policy', {name: 'd'}, graphOf(16))
    expect(await cache.get('policy', {name: 'a'}, graphOf(16))).toBe(first)
    expect(await cache.get('policy', {name: 'b'}, graphOf(16))).not.toBe(second)
    await cache.release()
  })

  it('keeps the one before, which an update still runs, whatever the budget', async () => {
    const cache = new SessionCache(options, 0)
    const policy = await cache.get('policy', {}, graphOf(16))
    await cache.get('reference', {}, graphOf(16))
    expect(await cache.get('policy', {}, () => decoderGraph(model, 16))).toBe(policy)
    await cache.release()
  })
})

describe('keepsItsMemory', () => {
  it('a training graph keeps its memory unless its weights take a GiB', () => {
    const withVocabulary = (vocabulary: number, kind: 'policy' | 'score' = 'policy') => {
      const {graph} = languageModelGraph({...model, vocabulary}, {rows: 1, length: 16, trained: 16}).op
      return [kind, inputBytes(graph)] as const
    }
    const vocabularyOfOneGiB = 2 ** 30 / (4 * model.hidden)
    expect(keepsItsMemory(...withVocabulary(vocabularyOfOneGiB - 1000))).toBe(true)
    expect(keepsItsMemory(...withVocabulary(vocabularyOfOneGiB - 1000, 'score'))).toBe(false)
    expect(keepsItsMemory(...withVocabulary(vocabularyOfOneGiB))).toBe(false)
  })

  it('a graph that gives its memory back still holds the zeros that an untied table is scattered into', () => {
    const held = (tiedHead: boolean) =>
      heldBytes(
        languageModelGraph({...model, tiedHead}, {rows: 1, length: 16, trained: 16}).op.graph,
        false,
        devices.cpu.memory,
      )
    expect(held(false) - held(true)).toBe(4 * model.vocabulary * model.hidden)
  })
})
