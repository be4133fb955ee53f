import {describe, expect, it} from 'vitest'
import {VisitOrder} from '../../../src/core/objectives/order.js'

const range = (length: number) => [...Array(length).keys()]
const visits = (count: number, length: number, seed = 1, name = 'contexts') => {
  const order = new VisitOrder(count, seed, name)
  return range(length).map((k) => order.at(k))
}

describe('the order of visits', () => {
  it('goes through every item once per epoch, each epoch in an order of its own', () => {
    const epochs = [0, 1, 2].map((epoch) => visits(20, 60).slice(20 * epoch, 20 * (epoch + 1)))
    for (const epoch of epochs) expect(epoch.toSorted((a, b) => a - b)).toEqual(range(20))
    expect(new Set(epochs.map(String)).size).toBe(3)
  })

  it('does not depend on the order in which it is asked', () => {
    const expected = visits(7, 30)
    const order = new VisitOrder(7, 1, 'contexts')
    for (const k of [29, 3, 14, 0, 13, 28, 7, 6, 3, 29]) expect(order.at(k)).toBe(expected[k])
  })

  it('depends on seed and name', () => {
    expect(visits(20, 20, 2)).not.toEqual(visits(20, 20, 1))
    expect(visits(20, 20, 1, 'documents')).not.toEqual(visits(20, 20, 1, 'contexts'))
  })

  it('of one item is that item', () => {
    expect(visits(1, 3)).toEqual([0, 0, 0])
  })
})
