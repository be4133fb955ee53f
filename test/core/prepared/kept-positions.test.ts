import {expect, it} from 'vitest'
import {KeptPositions} from '../../../src/core/prepared/kept-positions.js'
import type {Difficulty} from '../../../src/core/records/records.js'

const difficulties: readonly Difficulty[] = ['none', 'easy', 'medium', 'hard']
const targetAt = (index: number) => ({
  docId: `a:${Math.floor(index / 7)}`,
  position: 1 + (index % 7) * 1000,
  difficulty: difficulties[index % 4],
  entropy: index / 8,
})

it('kept positions come back as they were added, however many', () => {
  const kept = new KeptPositions()
  for (let index = 0; index < 5000; index++) kept.push(targetAt(index))
  expect(kept.length).toBe(5000)
  for (const index of [0, 1, 1023, 1024, 2048, 4999]) expect(kept.at(index)).toEqual(targetAt(index))
  expect([...kept]).toEqual(Array.from({length: 5000}, (_, index) => targetAt(index)))
  for (const index of [-1, 5000, Number.NaN]) expect(() => kept.at(index)).toThrow(`no target ${index} among 5000`)
})

it('a subset has the chosen positions in their order, and shares the names', () => {
  const kept = new KeptPositions()
  for (let index = 0; index < 5000; index++) kept.push(targetAt(index))
  const chosen = Array.from({length: 1500}, (_, i) => (i * 37) % 5000)
  expect([...kept.subset(chosen)]).toEqual(chosen.map(targetAt))
  expect(kept.subset([])).toHaveLength(0)
})
