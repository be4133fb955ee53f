import {describe, expect, it} from 'vitest'
import {checkCounts, PositionTally} from '../../../src/core/preparation/preparation-counts.js'
import {RuntimeFailure} from '../../../src/core/util/errors.js'

const tallied = () => {
  const tally = new PositionTally()
  tally.add({partition: 'train', difficulty: 'hard', kept: true, reason: 'kept'})
  tally.add({partition: 'train', difficulty: 'hard', kept: false, reason: 'min-context'})
  tally.add({partition: 'train', difficulty: 'none', kept: false, reason: 'below-threshold'})
  tally.add({partition: 'val', difficulty: 'easy', kept: true, reason: 'kept'})
  tally.add({partition: 'val', difficulty: 'hard', kept: false, reason: 'inexpressible'})
  return tally.counts
}
const none = {none: 0, easy: 0, medium: 0, hard: 0}
const whole = {
  documents: {read: 3, train: 2, val: 1},
  leftOut: 0,
  added: 0,
  targets: {train: 3, val: 2},
  positions: tallied(),
  rows: {documents: 3, positions: 5},
}

describe('counts of positions', () => {
  it('are by partition, difficulty and reason, reasons in the order of their names', () => {
    const {train, val} = tallied()
    const reasons = {'below-threshold': 1, kept: 1, 'min-context': 1}
    expect(train).toEqual({total: 3, kept: 1, easy: 0, medium: 0, hard: 2, reasons, inexpressible: none})
    expect(Object.keys(train.reasons)).toEqual(Object.keys(reasons))
    expect(val).toEqual({
      total: 2,
      kept: 1,
      easy: 1,
      medium: 0,
      hard: 1,
      reasons: {inexpressible: 1, kept: 1},
      inexpressible: {...none, hard: 1},
    })
  })

  it('pass when nothing was lost or doubled', () => {
    expect(checkCounts(whole).length).toBeGreaterThan(5)
    const nothing = {total: 0, kept: 0, easy: 0, medium: 0, hard: 0, reasons: {}, inexpressible: none}
    const documentsOnly = {
      ...whole,
      targets: {train: 0, val: 0},
      positions: {train: nothing, val: nothing},
      rows: {documents: 3, positions: 0},
    }
    expect(checkCounts(documentsOnly).every(({left, right}) => left === right)).toBe(true)
  })

  it.each([
    [
      'a document lost on the way',
      {documents: {read: 4, train: 2, val: 1}},
      /documents read - left out \+ windows = train \+ val .*: 4 and 3/,
    ],
    ['a window that is not counted', {leftOut: 1, added: 2}, /left out \+ windows = train \+ val .*: 4 and 3/],
    ['a row of documents doubled', {rows: {documents: 4, positions: 5}}, /rows of documents\.arrow .*: 3 and 4/],
    ['a position lost', {targets: {train: 4, val: 2}}, /train: tokens to predict = positions .*: 4 and 3/],
    ['a row of positions lost', {rows: {documents: 3, positions: 4}}, /rows of positions\.arrow .*: 5 and 4/],
    [
      'a reason not counted',
      {positions: {...tallied(), val: {...tallied().val, reasons: {}}}},
      /val: positions = sum of reasons .*: 2 and 0/,
    ],
  ])('are refused with the numbers that differ: %s', (_, change, message) => {
    expect(() => checkCounts({...whole, ...change})).toThrow(RuntimeFailure)
    expect(() => checkCounts({...whole, ...change})).toThrow(message)
  })
})
