import {describe, expect, it} from 'vitest'
import {contentHash, holdOutBound, type SplitSettings} from '../../../src/core/corpus/split.js'
import {DataError} from '../../../src/core/util/errors.js'

interface Settings extends SplitSettings {
  readonly seed: number
}

function holdOut(documents: readonly string[], {seed, ...settings}: Settings): ('train' | 'val')[] {
  const hashes = documents.map((text) => contentHash(text, seed))
  const bound = holdOutBound(hashes, settings)
  return hashes.map((hash) => (hash < bound ? 'val' : 'train'))
}

const texts = Array.from({length: 2000}, (_, i) => `document ${i}`)
function held(documents: readonly string[], settings: Settings): string[] {
  const partitions = holdOut(documents, settings)
  return documents.filter((_, i) => partitions[i] === 'val')
}

describe('held-out documents', () => {
  it('are refused where too few stay, with the number left out', () => {
    expect(() => holdOutBound([], {valFraction: 0, valDocuments: 1}, 3)).toThrow(/only 0 besides 3 left out/)
    expect(() => holdOutBound([], {valFraction: 0, valDocuments: 1})).toThrow(/only 0$/)
  })

  it('stay where they are when documents are added, removed or moved', () => {
    const settings = {seed: 3, valFraction: 0.1}
    const before = new Set(held(texts.slice(0, 300), settings))
    const partitions = holdOut([...texts].reverse(), settings).reverse()
    texts.slice(0, 300).forEach((text, i) => {
      expect(partitions[i] === 'val').toBe(before.has(text))
    })
  })

  it('are about the share that was asked for', () => {
    const share = holdOut(texts, {seed: 0, valFraction: 0.25}).filter((partition) => partition === 'val').length / 2000
    expect(share).toBeGreaterThan(0.22)
    expect(share).toBeLessThan(0.28)
    expect(new Set(holdOut(texts, {seed: 0, valFraction: 0}))).toEqual(new Set(['train']))
    expect(new Set(holdOut(texts, {seed: 0, valFraction: 1}))).toEqual(new Set(['val']))
  })

  it('change with the seed and with nothing else', () => {
    const small = texts.slice(0, 200)
    const first = holdOut(small, {seed: 1, valFraction: 0.5})
    expect(holdOut(small, {seed: 1, valFraction: 0.5})).toEqual(first)
    expect(holdOut(small, {seed: 2, valFraction: 0.5})).not.toEqual(first)
  })

  it('are exactly as many as counted', () => {
    const small = texts.slice(0, 50)
    for (const valDocuments of [0, 1, 7, 50]) {
      const partitions = holdOut(small, {seed: 0, valFraction: 0.05, valDocuments})
      expect(partitions.filter((partition) => partition === 'val')).toHaveLength(valDocuments)
    }
  })

  it('grow one by one with the count: those with the smallest hashes', () => {
    const small = texts.slice(0, 50)
    const few = held(small, {seed: 0, valFraction: 0, valDocuments: 5})
    const more = held(small, {seed: 0, valFraction: 0, valDocuments: 6})
    expect(more).toEqual(expect.arrayContaining(few))
    // The share takes the same hashes from below.
    const byShare = held(small, {seed: 0, valFraction: 0.12})
    expect(held(small, {seed: 0, valFraction: 0, valDocuments: byShare.length})).toEqual(byShare)
  })

  it('include every copy of a held-out text', () => {
    const [first] = held(texts.slice(0, 20), {seed: 0, valFraction: 0, valDocuments: 1})
    const partitions = holdOut([...texts.slice(0, 20), first, first], {seed: 0, valFraction: 0, valDocuments: 1})
    expect(partitions.filter((partition) => partition === 'val')).toHaveLength(3)
    expect(partitions.slice(-2)).toEqual(['val', 'val'])
  })

  it('cannot be more than there are', () => {
    const failure = () => holdOut(['a', 'b'], {seed: 0, valFraction: 0, valDocuments: 3})
    expect(failure).toThrow(DataError)
    expect(failure).toThrow('3 documents are to be held out, but there are only 2')
  })
})
