import {describe, expect, it} from 'vitest'
import {BytePairEncoder, MergeTable} from '../../../src/core/tokenizer/byte-pair-encoder.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'

/** Merges of two letters, ids in the order of names. */
function modelOf(merges: readonly [string, string][]) {
  const names = [...new Set(['a', 'b', ...merges.map((pair) => pair.join(''))])]
  return {type: 'BPE', vocab: Object.fromEntries(names.map((name, id) => [name, id])), merges: [...merges]}
}

/** The definition, by trying every merge in turn. */
function mergeSlowly(piece: string, merges: readonly [string, string][]): string[] {
  const parts = Array.from(piece)
  for (;;) {
    const ranks = parts.slice(1).map((right, i) => merges.findIndex(([a, b]) => a === parts[i] && b === right))
    const possible = ranks.filter((rank) => rank >= 0)
    if (possible.length === 0) return parts
    const at = ranks.indexOf(Math.min(...possible))
    parts.splice(at, 2, parts[at] + parts[at + 1])
  }
}

const merges: [string, string][] = [
  ['a', 'b'],
  ['a', 'a'],
  ['ab', 'ab'],
  ['b', 'b'],
  ['aa', 'ab'],
  ['bb', 'a'],
  ['aaab', 'b'],
  ['abab', 'abab'],
]

describe('byte pair encoding', () => {
  const model = modelOf(merges)
  const names = Object.keys(model.vocab)

  it('merges the pair of lowest rank first, of equal ones the leftmost', () => {
    const encoder = new BytePairEncoder(new MergeTable(model), {}, new Set(), null)
    const sampler = new Sampler(streamSeed(0, 'pieces'))
    for (let i = 0; i < 500; i++) {
      const piece = Array.from({length: sampler.integer(40)}, () => 'ab'[sampler.integer(2)]).join('')
      expect(encoder.encode(piece).map((id) => names[id])).toEqual(mergeSlowly(piece, merges))
      expect(encoder.encode(piece)).toEqual(encoder.encode(piece))
    }
  })

  it('never makes a blocked token, neither by merging nor as a whole', () => {
    const blocked = new Set([model.vocab.abab])
    for (const ignore_merges of [true, false]) {
      const encoder = new BytePairEncoder(new MergeTable(model), {ignore_merges}, blocked, null)
      expect(encoder.encode('abab').map((id) => names[id])).toEqual(['ab', 'ab'])
    }
  })

  it('looks whole words up where merges are to be ignored', () => {
    const table = new MergeTable({...model, vocab: {...model.vocab, bab: 50}})
    expect(new BytePairEncoder(table, {ignore_merges: true}, new Set(), null).encode('bab')).toEqual([50])
    expect(new BytePairEncoder(table, {}, new Set(), null).encode('bab').length).toBe(2)
  })

  it('has one unknown token for characters in a row that it cannot spell, or none', () => {
    const table = new MergeTable(model)
    expect(new BytePairEncoder(table, {fuse_unk: true}, new Set(), 9).encode('axyb')).toEqual([0, 9, 1])
    expect(new BytePairEncoder(table, {}, new Set(), 9).encode('axyb')).toEqual([0, 9, 9, 1])
    expect(new BytePairEncoder(table, {}, new Set(), null).encode('axyb')).toEqual([model.vocab.ab])
  })
})
