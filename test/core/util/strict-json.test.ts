import {describe, expect, it} from 'vitest'
import {DataError} from '../../../src/core/util/errors.js'
import {parseStrictJson} from '../../../src/core/util/strict-json.js'

describe('JSON from a stranger', () => {
  it.each([
    '{}',
    ' [1, {"a": {"b": "a"}}, {"a": "b"}] ',
    '{"a": "a:", "b": "{\\"a\\": [", "c\\\\": [], "c": "\\\\"}',
    '{"constructor": 1, "toString": 2, "": 3}',
    '"a"',
    'null',
    '-1.5e3',
    `${'['.repeat(100)}${']'.repeat(100)}`,
  ])('is what JSON.parse makes of it: %s', (text) => {
    expect(parseStrictJson(text, 'it')).toEqual(JSON.parse(text))
    expect(parseStrictJson(Buffer.from(text), 'it')).toEqual(JSON.parse(text))
  })

  it.each([
    ['a key twice', '{"a": 1, "b": {"a": 2}, "a": 3}', /^it has the key "a" twice$/],
    ['a key twice, one of them escaped', '{"a": 1, "\\u0061" : 2}', /"a" twice/],
    ['a key twice in a list', '[{"x": [{"y": 1, "y": 1}]}]', /"y" twice/],
    ['a key of control characters twice', '{"\\n": 1, "\\n": 2}', /^it has the key "\\n" twice$/],
    ['__proto__', '{"a": {"__proto__": {}}}', /^it has a key named __proto__$/],
    ['__proto__, escaped', '{"\\u005f_proto__": {}}', /__proto__/],
    ['101 levels', `${'['.repeat(101)}${']'.repeat(101)}`, /^it is nested more than 100 deep$/],
    ['a million levels that never end', '{"a":'.repeat(1e6), /100 deep/],
    ['nothing', '', /^it is not JSON \(/],
    ['a string that never ends', '{"a": "b', /is not JSON/],
    ['a key that is no string', '{"\\x": 1, "\\x": 1}', /is not JSON/],
    ['a comma too many', '{"a": 1,}', /is not JSON/],
    ['a repeated key in what is no JSON', '{"a": 1, "a": 2', /is not JSON/],
    ['closing brackets', ']}]}', /is not JSON/],
    ['a line break in a message', '{"a":\n\n x}', /is not JSON \([^\n]*\)$/],
    ['a byte order mark', '\uFEFF{}', /is not JSON/],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xc3, 0x22]), /^it is not UTF-8$/],
  ])('is refused with %s', (_, source, message) => {
    expect(() => parseStrictJson(source, 'it')).toThrow(DataError)
    expect(() => parseStrictJson(source, 'it')).toThrow(message)
  })

  it('may name __proto__ where that is a word like any other', () => {
    const value = parseStrictJson('{"__proto__": 5}', 'it', {mayNameProto: true})
    expect(Object.entries(value as object)).toEqual([['__proto__', 5]])
    expect(() => parseStrictJson('{"__proto__": 5, "__proto__": 5}', 'it', {mayNameProto: true})).toThrow(/twice/)
  })

  it('is read in time that grows with its length', () => {
    const vocabulary = Object.fromEntries(Array.from({length: 100_000}, (_, i) => [`token \\" ${i}`, i]))
    const text = JSON.stringify(vocabulary)
    expect(JSON.stringify(parseStrictJson(text, 'it')) === text).toBe(true)
  })
})
