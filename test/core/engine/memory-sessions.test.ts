import {describe, expect, it} from 'vitest'
import {decoderGraph} from '../../../src/core/engine/graphs/decoder-graph.js'
import {languageModelGraph} from '../../../src/core/engine/graphs/language-model.js'
import type {GraphKind} from '../../../src/core/engine/sessions/graph-kinds.js'
import {SessionCache} from '../../../src/core/engine/sessions/session-cache.js'
import {compiledBytes, heldMemory} from '../../../src/core/engine/sessions/session-memory.js'
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

/** Of so many words that its tensors, not its nodes, decide what it holds. */
const wide = {...model, vocabulary: 2 ** 19}
const graphOf = (length: number) => () => languageModelGraph(wide, {rows: 1, length, trained: length})
const narrow = () => languageModelGraph(model, {rows: 1, length: 16, trained: 16})
const {bytes} = heldMemory('policy', graphOf(16)().op.graph, devices.cpu.memory)
const options = {device: 'cpu', threads: 1} as const

describe('SessionCache', () => {
  it('lets the least recently used go when compiled graphs would hold more than the budget', async () => {
    const cache = new SessionCache(options, 4 * 3.5 * bytes)
    const first = await cache.get('policy', {name: 'a'}, graphOf(16))
    const second = await cache.get('policy', {name: 'b'}, graphOf(16))
    await cache.get('policy', {name: 'c'}, graphOf(16))
    expect(await cache.get('policy', {name: 'a'}, graphOf(16))).toBe(first)
    await cache.get('policy', {name: 'd'}, graphOf(16))
    expect(await cache.get('policy', {name: 'a'}, graphOf(16))).toBe(first)
    expect(await cache.get('policy', {name: 'b'}, graphOf(16))).not.toBe(second)
    await cache.release()
  })

  it('lets one that holds memory go before those that hold none', async () => {
    const cache = new SessionCache(options, 4 * 2.5 * bytes)
    const scoring = await cache.get('score', {}, narrow)
    const first = await cache.get('policy', {name: 'a'}, graphOf(16))
    await cache.get('policy', {name: 'b'}, graphOf(16))
    await cache.get('policy', {name: 'c'}, graphOf(16))
    expect(await cache.get('score', {}, narrow)).toBe(scoring)
    expect(await cache.get('policy', {name: 'a'}, graphOf(16))).not.toBe(first)
    await cache.release()
  })

  it('compiles further ones without memory of their own where those before keep much', async () => {
    const large = graphOf(112)
    const {bytes: ofLarge} = heldMemory('policy', large().op.graph, devices.cpu.memory)
    expect(ofLarge / 2 ** 30).toBeGreaterThan(0.625)
    const cache = new SessionCache(options, 4 * 2.5 * ofLarge)
    const first = await cache.get('policy', {name: 'a'}, large)
    await cache.get('policy', {name: 'b'}, large)
    await cache.get('policy', {name: 'c'}, large)
    expect(await cache.get('policy', {name: 'a'}, large)).toBe(first)
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

describe('a compiled graph', () => {
  const held = (kind: GraphKind, changes: object, keptBytes?: number) =>
    heldMemory(
      kind,
      languageModelGraph({...model, ...changes}, {rows: 1, length: 16, trained: 16}).op.graph,
      {...devices.cpu.memory, arenaFactor: 1},
      keptBytes,
    )
  /** The vocabulary with which a run takes so many bytes. */
  const taking = (runBytes: number) => {
    const small = held('layer', {vocabulary: 2 ** 17})
    const perToken = (held('layer', {vocabulary: 2 ** 18}).bytes - small.bytes) / 2 ** 17
    const own = compiledBytes(narrow().op.graph.nodes.length)
    return Math.floor(2 ** 17 + (runBytes + own - small.bytes) / perToken)
  }

  it('keeps what its runs take if it trains, unless that is a GiB', () => {
    const vocabulary = taking(2 ** 30)
    expect(held('policy', {vocabulary: vocabulary - 100}).keepsMemory).toBe(true)
    expect(held('score', {vocabulary: vocabulary - 100}).keepsMemory).toBe(false)
    expect(held('policy', {vocabulary: vocabulary + 100}).keepsMemory).toBe(false)
  })

  it('of a whole update keeps nothing below 64 MiB; one that serves all layers does', () => {
    const vocabulary = taking(2 ** 26)
    expect(held('policy', {vocabulary: vocabulary + 100}).keepsMemory).toBe(true)
    expect(held('policy', {vocabulary: vocabulary - 100}).keepsMemory).toBe(false)
    expect(held('layer', {vocabulary: vocabulary - 100}).keepsMemory).toBe(true)
  })

  it('keeps nothing where others keep 1.25 GiB', () => {
    const vocabulary = taking(2 ** 29)
    expect(held('policy', {vocabulary}, 1.25 * 2 ** 30 - 1).keepsMemory).toBe(true)
    expect(held('policy', {vocabulary}, 1.25 * 2 ** 30).keepsMemory).toBe(false)
  })

  it('takes memory for its nodes, whatever its tensors', () => {
    const nodes = (layers: number) => decoderGraph({...model, layers}, 16).op.graph.nodes.length
    const [one, five] = [1, 5].map(
      (layers) => heldMemory('score', decoderGraph({...model, layers}, 16).op.graph, devices.cpu.memory).bytes,
    )
    expect(five - one).toBe(5 * 1024 * (nodes(5) - nodes(1)))
  })

  it('that gives its memory back still holds the zeros that an untied table is scattered into', () => {
    const [wider, plain] = [512, 32].map(
      (vocabulary) =>
        held('score', {tiedHead: false, vocabulary}).bytes - held('score', {tiedHead: true, vocabulary}).bytes,
    )
    expect(wider - plain).toBe(4 * (512 - 32) * model.hidden)
  })
})
