import {beforeAll, describe, expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import type {ScoredDocument} from '../../../src/core/preparation/scored-documents.js'
import {chooseSelection, difficultyOf, positionsOf} from '../../../src/core/preparation/select.js'
import type {Partition, Position} from '../../../src/core/records/records.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {byteLevel, byteLevelConfig, writeTokenizer} from '../tokenizer/sample-tokenizers.js'

let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await loadTokenizer(writeTokenizer(byteLevel(), byteLevelConfig))
})

/** A document of letters whose targets have these entropies. */
function scored(
  docId: string,
  partition: Partition,
  given: readonly number[],
  ids?: readonly number[],
): ScoredDocument {
  const entropy = Float32Array.from(given)
  return {
    docId,
    partition,
    tokenIds: Int32Array.from([1000, ...(ids ?? given.map((_, i) => 97 + (i % 26)))]),
    scores: {entropy, targetLogprob: entropy.map((value) => -value), top1: Int32Array.from(given.keys())},
    difficultyEntropy: partition === 'val' ? entropy : null,
  }
}

async function select(
  documents: readonly ScoredDocument[],
  data: object = {},
  {seed = 0, maxReferenceTokens = 32} = {},
): Promise<Position[]> {
  const config = configSchema.parse({data, seed, reward: {maxReferenceTokens}})
  const trainTargets = documents.reduce((sum, {scores}) => sum + scores.entropy.length, 0)
  const selection = await chooseSelection({read: () => documents, trainTargets}, tokenizer, config)
  return documents.flatMap((document) => positionsOf(document, selection, tokenizer, config))
}

const keptOf = (positions: readonly Position[]) =>
  positions.filter(({kept}) => kept).map(({docId, position}) => `${docId}@${position}`)
const reasonsOf = (positions: readonly Position[]) => positions.map(({reason}) => reason)

describe('difficulty', () => {
  it.each([
    [0, 'none'],
    [0.5, 'none'],
    [0.51, 'easy'],
    [1, 'easy'],
    [1.01, 'medium'],
    [1.5, 'medium'],
    [1.51, 'hard'],
    [2.77, 'hard'],
  ])('of %d nats is %s: a level must be exceeded', (entropy, difficulty) => {
    expect(difficultyOf(entropy, [0.5, 1, 1.5])).toBe(difficulty)
  })
})

describe('a position', () => {
  it('pairs the score at index i with the target at i + 1', async () => {
    const [first, second] = await select([scored('a', 'train', [0.25, 2], [97, 98])])
    expect(first).toMatchObject({docId: 'a', position: 1, targetId: 97, entropy: 0.25, targetLogprob: -0.25, top1Id: 0})
    expect(second).toMatchObject({position: 2, targetId: 98, entropy: 2, top1Id: 1, difficulty: 'hard'})
    expect([...second.targetBytes]).toEqual([98])
    expect(second.difficultyEntropy).toBeNull()
  })

  it('needs its minimum of context, start token included', async () => {
    const positions = await select([scored('a', 'train', [2, 2, 2])], {minContext: 3})
    expect(reasonsOf(positions)).toEqual(['min-context', 'min-context', 'kept'])
  })

  it('is not kept when its target is a special token', async () => {
    for (const partition of ['train', 'val'] as const)
      expect(reasonsOf(await select([scored('a', partition, [2, 2], [97, 1001])]))).toEqual(['kept', 'special-target'])
  })

  it('is not kept when no box can hold its target, whatever its entropy; its difficulty stays', async () => {
    const [open, close] = Buffer.from('{}')
    for (const partition of ['train', 'val'] as const) {
      const document = scored(partition, partition, [2, 2, 2, 2, 2], [97, open, 98, close, close])
      const positions = await select([document])
      expect(reasonsOf(positions)).toEqual(['kept', 'kept', 'kept', 'inexpressible', 'inexpressible'])
      expect(positions.map(({difficulty}) => difficulty)).toEqual(Array(5).fill('hard'))
      expect(reasonsOf(await select([document], {}, {maxReferenceTokens: 2}))[1]).toBe('inexpressible')
    }
  })

  it('that no box can hold does not count among the top share', async () => {
    const [close] = Buffer.from('}')
    const document = scored('a', 'train', [4, 3, 2, 1], [close, close, 97, 98])
    expect(keptOf(await select([document], {select: 'top', topShare: 0.5}))).toEqual(['a@3'])
  })

  it('of a held-out document goes by the difficulty model, whatever selects training positions', async () => {
    const document = {...scored('v', 'val', [2, 0.1, 0.1]), difficultyEntropy: Float32Array.of(0.2, 0.7, 1.2)}
    const positions = await select([document], {select: 'random', topShare: 1e-9})
    expect(reasonsOf(positions)).toEqual(['below-threshold', 'kept', 'kept'])
    expect(positions.map((position) => position.difficulty)).toEqual(['none', 'easy', 'medium'])
    expect(positions[1].difficultyEntropy).toBeCloseTo(0.7)
    expect(positions[1].entropy).toBeCloseTo(0.1)
  })
})

describe('training positions', () => {
  it('are kept above a threshold of their own', async () => {
    const positions = await select([scored('a', 'train', [0.8, 0.75, 0.5])], {selectThreshold: 0.75})
    expect(reasonsOf(positions)).toEqual(['kept', 'below-threshold', 'below-threshold'])
  })

  it('are kept within a band: above its lower end, up to its upper end', async () => {
    const positions = await select([scored('a', 'train', [0.5, 0.75, 1, 1.25])], {
      select: 'band',
      selectBand: [0.5, 1],
      minContext: 1,
    })
    expect(reasonsOf(positions)).toEqual(['below-band', 'kept', 'kept', 'above-band'])
  })

  it('of bands side by side are each in one, and together those above the lowest end', async () => {
    const sampler = new Sampler(streamSeed(2, 'bands'))
    const train = ['a', 'b'].map((name) =>
      scored(
        name,
        'train',
        Array.from({length: 300}, () => sampler.integer(30) / 10),
      ),
    )
    const within = async (low: number, high: number) =>
      keptOf(await select(train, {select: 'band', selectBand: [low, high]}))
    const bands = await Promise.all([within(0.5, 1), within(1, 1.5), within(1.5, 3)])
    expect(bands.every((band) => band.length > 50)).toBe(true)
    expect(bands.flat().toSorted()).toEqual(keptOf(await select(train, {selectThreshold: 0.5})).toSorted())
  })

  it('are the share with the highest entropies, of those that may be kept at all', async () => {
    const train = [scored('a', 'train', [3, 1, 2], [1001, 97, 98]), scored('b', 'train', [0.5, 4, 0.1])]
    const positions = await select([...train, scored('v', 'val', [9])], {select: 'top', topShare: 0.4})
    expect(keptOf(positions)).toEqual(['a@3', 'b@2', 'v@1'])
    expect(reasonsOf(positions)[0]).toBe('special-target')
    expect(reasonsOf(positions)[1]).toBe('below-top-share')
  })

  it('of equal entropy are chosen the same whatever the order of the documents', async () => {
    const train = ['c', 'a', 'b'].map((name) => scored(name, 'train', [1, 1, 1, 1]))
    const settings = {select: 'top', topShare: 0.5}
    const kept = keptOf(await select(train, settings))
    expect(kept.toSorted()).toEqual(['a@1', 'a@2', 'a@3', 'a@4', 'b@1', 'b@2'])
    expect(keptOf(await select([...train].reverse(), settings)).sort()).toEqual(kept.toSorted())
  })

  it.each([
    [0.01, []],
    [1 / 9, ['b@2']],
    [1.4 / 9, ['b@2']],
    [1.6 / 9, ['b@2', 'a@2']],
    [2 / 9, ['b@2', 'a@2']],
    [4 / 9, ['b@2', 'a@2', 'a@1', 'a@3']],
    [6 / 9, ['b@2', 'a@2', 'a@1', 'a@3', 'b@1', 'c@2']],
    [7 / 9, ['b@2', 'a@2', 'a@1', 'a@3', 'b@1', 'c@2', 'b@3']],
    [1, ['b@2', 'a@2', 'a@1', 'a@3', 'b@1', 'c@2', 'b@3', 'c@1', 'c@3']],
  ])('of the top share %f are the first of one ranking', async (topShare, expected) => {
    const train = [scored('b', 'train', [1, 3, 0]), scored('c', 'train', [-0, 1, -1]), scored('a', 'train', [1, 2, 1])]
    expect(keptOf(await select(train, {select: 'top', topShare})).sort()).toEqual(expected.toSorted())
  })

  it('are drawn at random by name and place, not by order or by entropy', async () => {
    const sampler = new Sampler(streamSeed(1, 'select'))
    const entropies = Array.from({length: 500}, () => sampler.next() * 3)
    const train = ['a', 'b', 'c', 'd'].map((name) => scored(name, 'train', entropies))
    const settings = {select: 'random', topShare: 0.2}
    const kept = keptOf(await select(train, settings))
    // 400 expected; the standard deviation is 18.
    expect(kept.length).toBeGreaterThan(320)
    expect(kept.length).toBeLessThan(480)
    expect(keptOf(await select([...train].reverse(), settings)).sort()).toEqual([...kept].sort())
    expect(keptOf(await select(train.slice(0, 1), settings))).toEqual(kept.filter((name) => name.startsWith('a@')))
    expect(keptOf(await select(train, settings, {seed: 1}))).not.toEqual(kept)
    const placesOf = (docId: string) => kept.filter((name) => name.startsWith(docId)).map((name) => name.slice(1))
    expect(placesOf('a')).not.toEqual(placesOf('b'))
    expect(new Set(reasonsOf(await select(train, settings)))).toEqual(new Set(['kept', 'not-drawn']))
  })
})
