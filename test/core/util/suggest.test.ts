import {describe, expect, it} from 'vitest'
import {meantChoice, nearest} from '../../../src/core/util/suggest.js'

const names = ['prefix-match', 'first-token', 'v0', 'v1']

describe('the nearest name', () => {
  it.each([
    ['prefix-match', 'prefix-match'],
    ['prefix-mach', 'prefix-match'],
    ['perfix-match', 'prefix-match'],
    ['PREFIX_MATCH', 'prefix-match'],
    ['prefixmatch', 'prefix-match'],
    ['frist-tokn', 'first-token'],
  ])('to %s is %s', (word, expected) => {
    expect(nearest(word, names)).toBe(expected)
  })

  it('is missing where more than a third of the letters differ', () => {
    expect(nearest('exact', names)).toBeUndefined()
    expect(nearest('abcdef', ['abcxyz'])).toBeUndefined()
    expect(nearest('abcdef', ['abcdxy'])).toBe('abcdxy')
    expect(nearest('anything', [])).toBeUndefined()
  })

  it('counts two swapped letters as one mistake', () => {
    expect(nearest('esed', ['seed'])).toBe('seed')
    expect(nearest('eesd', ['xxsd', 'seed'])).toBeUndefined()
  })

  it('is the first by name among equally near ones, whatever their order', () => {
    expect(nearest('v', ['v1', 'v0'])).toBe('v0')
    expect(nearest('v', ['v0', 'v1'])).toBe('v0')
  })
})

it('a choice that others call differently is meant, where there is one, before the nearest by its letters', () => {
  expect(meantChoice('gpu', ['auto', 'cpu', 'cuda'])).toBe('cuda')
  expect(meantChoice('gpu', ['auto', 'cpu'])).toBe('cpu')
  expect(meantChoice('constructor', ['auto', 'cpu'])).toBeUndefined()
})
