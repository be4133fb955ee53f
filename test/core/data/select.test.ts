import {beforeAll, describe, expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import {difficultyOf, selectPositions} from '../../../src/core/data/select.js'
import type {TokenScores} from '../../../src/core/engine/score.js'
import type {Document, Partition, Position} from '../../../src/core/records/records.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {byteLevel, byteLevelConfig, writeTokenizer} from '../tokenizer/sample-tokenizers.js'

let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await loadTokenizer(writeTokenizer(byteLevel(), byteLevelConfig))
})

interface Scored {
  readonly document: Document
  readonly scores: TokenScores
}

/** A document of letters whose targets have these entropies. */
function scored(docId: string, partition: Partition, entropies: readonly number[], ids?: readonly number[]): Scored {
  const tokenIds = Int32Array.from([1000, ...(ids ?? entropies.map((_, i) => 97 + (i % 26)))])
  return {
    document: {docId, partition, text: '', tokenIds, byteOffsets: new Int32Array(tokenIds.length)},
    scores: {
      entropy: Float32Array.from(entropies),
      targetLogprob: Float32Array.from(entropies, (entropy) => -entropy),
      top1: Int32Array.from(entropies, (_, i) => i),
    },
  }
}

function select(all: readonly Scored[], data: object = {}, {seed = 0, difficulty = [] as readonly Scored[]} = {}) {
  const byName = (scores: readonly Scored[]) => new Map(scores.map((one) => [one.document.docId, one.scores]))
  const config = configSchema.parse({data, seed})
  const documents = all.map(({document}) => document)
  return selectPositions(documents, byName(all), byName(difficulty), tokenizer, config)
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
  it('pairs the score at index i with the target at i + 1', () => {
    const [first, second] = select([scored('a', 'train', [0.25, 2], [97, 98])])
    expect(first).toMatchObject({docId: 'a', position: 1, targetId: 97, entropy: 0.25, targetLogprob: -0.25, top1Id: 0})
    expect(second).toMatchObject({position: 2, targetId: 98, entropy: 2, top1Id: 1, difficulty: 'hard'})
    expect([...second.targetBytes]).toEqual([98])
    expect(second.difficultyEntropy).toBeNull()
  })

  it('needs its minimum of context, start token included', () => {
    const positions = select([scored('a', 'train', [2, 2, 2])], {minContext: 3})
    expect(reasonsOf(positions)).toEqual(['min-context', 'min-context', 'kept'])
  })

  it('is not kept when its target is a special token', () => {
    for (const partition of ['train', 'val'] as const)
      expect(reasonsOf(select([scored('a', partition, [2, 2], [97, 1001])]))).toEqual(['kept', 'special-target'])
  })

  it('of a held-out document goes by the difficulty model, whatever selects training positions', () => {
    const proxy = scored('v', 'val', [2, 0.1, 0.1])
    const difficulty = [scored('v', 'val', [0.2, 0.7, 1.2])]
    const positions = select([proxy], {select: 'random', topShare: 0}, {difficulty})
    expect(reasonsOf(positions)).toEqual(['below-threshold', 'kept', 'kept'])
    expect(positions.map((position) => position.difficulty)).toEqual(['none', 'easy', 'medium'])
    expect(positions[1].difficultyEntropy).toBeCloseTo(0.7)
    expect(positions[1].entropy).toBeCloseTo(0.1)
  })
})

describe('training positions', () => {
  it('are kept above a threshold of their own', () => {
    const positions = select([scored('a', 'train', [0.8, 0.75, 0.5])], {selectThreshold: 0.75})
    expect(reasonsOf(positions)).toEqual(['kept', 'below-threshold', 'below-threshold'])
  })

  it('are the share with the highest entropies, of those that may be kept at all', () => {
    const train = [scored('a', 'train', [3, 1, 2], [1001, 97, 98]), scored('b', 'train', [0.5, 4, 0.1])]
    const positions = select([...train, scored('v', 'val', [9])], {select: 'top', topShare: 0.4})
    expect(keptOf(positions)).toEqual(['a@3', 'b@2', 'v@1'])
    expect(reasonsOf(positions)[0]).toBe('special-target')
    expect(reasonsOf(positions)[1]).toBe('below-top-share')
  })

  it('of equal entropy are chosen the same whatever the order of the documents', () => {
    const train = ['c', 'a', 'b'].map((name) => scored(name, 'train', [1, 1, 1, 1]))
    const settings = {select: 'top', topShare: 0.5}
    expect(keptOf(select(train, settings)).sort()).toEqual(keptOf(select([...train].reverse(), settings)).sort())
    expect(keptOf(select(train, settings))).toHaveLength(6)
  })

  it('are drawn at random by name and place, not by order or by entropy', () => {
    const sampler = new Sampler(streamSeed(1, 'select'))
    const entropies = Array.from({length: 500}, () => sampler.next() * 3)
    const train = ['a', 'b', 'c', 'd'].map((name) => scored(name, 'train', entropies))
    const settings = {select: 'random', topShare: 0.2}
    const kept = keptOf(select(train, settings))
    // 400 expected; the standard deviation is 18.
    expect(kept.length).toBeGreaterThan(320)
    expect(kept.length).toBeLessThan(480)
    expect(keptOf(select([...train].reverse(), settings)).sort()).toEqual([...kept].sort())
    expect(keptOf(select(train.slice(0, 1), settings))).toEqual(kept.filter((name) => name.startsWith('a@')))
    expect(keptOf(select(train, settings, {seed: 1}))).not.toEqual(kept)
    const placesOf = (docId: string) => kept.filter((name) => name.startsWith(docId)).map((name) => name.slice(1))
    expect(placesOf('a')).not.toEqual(placesOf('b'))
    expect(new Set(reasonsOf(select(train, settings)))).toEqual(new Set(['kept', 'not-drawn']))
  })
})
