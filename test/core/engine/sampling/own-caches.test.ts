import {expect, it} from 'vitest'
import {ownCapacity, pageSizes, pageTokens} from '../../../../src/core/engine/graphs/pages.js'
import {OwnCaches, type Seat} from '../../../../src/core/engine/sampling/own-caches.js'
import {entryOffset, keyLayout, tokensSummedAtOnce, valueLayout} from '../../../../src/core/nn/page-layout.js'
import {tinyModel} from '../../../support/tiny-model.js'

const model = tinyModel({num_attention_heads: 4, num_key_value_heads: 2, head_dim: 64})
const {layers, kvHeads, headSize} = model

/** A number for each element of an entry that nothing else has. */
const numberOf = (part: number, name: number, head: number, token: number, i: number) =>
  (((part * 8 + name) * kvHeads + head) * 2048 + token) * headSize + i

/** Writes entry `token` of the row called `name`. */
function write(
  caches: OwnCaches,
  layout: {contexts: number; groupSize: number},
  seat: Seat,
  name: number,
  token: number,
) {
  const rows = layout.contexts * layout.groupSize
  const entries = new Float32Array(2 * layers * rows * kvHeads * headSize)
  for (let part = 0; part < 2 * layers; part++)
    for (let head = 0; head < kvHeads; head++)
      for (let i = 0; i < headSize; i++) {
        const row = seat.place * layout.groupSize + seat.row
        entries[((part * rows + row) * kvHeads + head) * headSize + i] = numberOf(part, name, head, token, i)
      }
  caches.write(entries, seat, token)
}

/** Whether a row's entries, read where the graph reads them, are those that were written. */
function holds(caches: OwnCaches, groupSize: number, {place, row}: Seat, name: number, tokens: readonly number[]) {
  const feeds = caches.feeds()
  return tokens.every((token) =>
    Array.from({length: 2 * layers}, (_, part) => part).every((part) => {
      const sizes = pageSizes(caches.capacity)
      const page = Math.floor(token / pageTokens)
      const layout = (part % 2 === 0 ? keyLayout : valueLayout)(sizes[page], headSize)
      const entries = feeds[`own_${part % 2 === 0 ? 'keys' : 'values'}_${Math.floor(part / 2)}_${page}`]
      return [0, 1].every((head) => {
        const start = ((place * kvHeads + head) * groupSize + row) * sizes[page] * headSize
        return Array.from({length: headSize}, (_, i) => i).every((i) => {
          const offset = entryOffset(layout, token % pageTokens, Math.floor(i / layout.width))
          return entries[start + offset + (i % layout.width)] === Math.fround(numberOf(part, name, head, token, i))
        })
      })
    }),
  )
}

it('caches of rows keep what was written while they double, grow by pages, move together, and shrink', () => {
  const layout = {contexts: 2, groupSize: 3}
  const caches = new OwnCaches(model, layout)
  const seats = [0, 1].flatMap((place) => [0, 1, 2].map((row) => ({place, row})))
  const tokens = [0, 5, 15, 16, 100, 255, 256, 511, 700, 1023, 1024, 1100]
  for (const token of tokens) {
    caches.resize(ownCapacity(token + 1, 1200))
    seats.forEach((seat, name) => {
      write(caches, layout, seat, name, token)
    })
  }
  expect(caches.capacity).toBe(1024 + 256)
  for (const [name, seat] of seats.entries()) expect(holds(caches, 3, seat, name, tokens), `row ${name}`).toBe(true)

  const arrays = () => Object.values(caches.feeds()).map(({buffer}) => buffer)
  const before = arrays()
  caches.keep({contexts: 2, groupSize: 2}, [[seats[1], seats[2]], [seats[5]]])
  expect(holds(caches, 2, {place: 0, row: 0}, 1, tokens)).toBe(true)
  expect(holds(caches, 2, {place: 0, row: 1}, 2, tokens)).toBe(true)
  expect(holds(caches, 2, {place: 1, row: 0}, 5, tokens)).toBe(true)
  write(caches, {contexts: 2, groupSize: 2}, {place: 1, row: 1}, 7, 3)
  expect(holds(caches, 2, {place: 1, row: 1}, 7, [3])).toBe(true)
  expect(arrays(), 'no array is new').toEqual(before)

  caches.resize(ownCapacity(600, 1200))
  expect(caches.capacity).toBe(1024)
  expect(holds(caches, 2, {place: 1, row: 0}, 5, [0, 1023])).toBe(true)
})

it('an array of the caches is new only while the first page is small', () => {
  const caches = new OwnCaches(model, {contexts: 1, groupSize: 2})
  const known = new Set<unknown>()
  const fresh = Array.from({length: 3000}, (_, token) => {
    caches.resize(ownCapacity(token + 1, 3000))
    const arrays = Object.values(caches.feeds())
    const count = arrays.filter((array) => !known.has(array)).length
    for (const array of arrays) known.add(array)
    return {token, count}
  }).filter(({count}) => count > 0)
  expect(fresh.map(({token}) => token)).toEqual([0, 16, 32, 64, 128, 256, 512, 1024, 2048])
  expect(new Set(fresh.map(({count}) => count))).toEqual(new Set([2 * layers]))
})

it.each([8, 16, 32, 48, 64, 80, 96, 128])('blocks of values fill every page, head size %d', (headSize_) => {
  for (const maxTokens of [1, 40, 100, 129, 200, 300, 400, 700, 1024, 1100, 1300, 2000, 8192])
    for (let tokens = 1; tokens <= maxTokens; tokens += 7)
      for (const size of pageSizes(ownCapacity(tokens, maxTokens))) {
        const {blocks, panels, blockTokens, width} = valueLayout(size, headSize_)
        expect(blocks * blockTokens).toBe(size)
        expect(panels * width).toBe(headSize_)
        expect(blockTokens === size || blockTokens === tokensSummedAtOnce(headSize_)).toBe(true)
      }
})
