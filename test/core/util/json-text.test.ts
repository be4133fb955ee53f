import {describe, expect, it} from 'vitest'
import {jsonFault, parsePythonJson, withUnseenNamed} from '../../../src/core/util/json-text.js'

describe('JSON as Python writes it', () => {
  it.each<[string, unknown]>([
    ['[NaN, Infinity, -Infinity, 1]', [null, null, null, 1]],
    ['NaN', null],
    ['{"NaN":NaN,"a":"NaN Infinity"}', {NaN: null, a: 'NaN Infinity'}],
    ['["\\"", NaN, "\\\\", NaN, "NaN"]', ['"', null, '\\', null, 'NaN']],
    ['{"a" : -Infinity}', {a: null}],
  ])('%s', (text, value) => {
    expect(parsePythonJson(text)).toEqual(value)
  })

  it.each(['[nan]', '[xNaN]', '[NaNx]', '[+Infinity]', '[-NaN]', '["NaN', '[NaN', '{NaN: 1}', '[1.NaN]'])(
    'is not %s',
    (text) => {
      expect(() => parsePythonJson(text)).toThrow(SyntaxError)
    },
  )

  it('of a long text takes a moment', () => {
    const long = 'a\\n"'.replace('"', '\\"').repeat(1_000_000)
    expect((parsePythonJson(`{"text":"${long}","x":NaN}`) as {text: string}).text).toHaveLength(3_000_000)
  })
})

describe('what cannot be seen', () => {
  it('is named in a message', () => {
    expect(withUnseenNamed('a\ufeffb\u00a0c\u200bd\u202ee\ud800f\u0000')).toBe(
      'a<U+FEFF byte order mark>b<U+00A0 no-break space>c<U+200B zero-width space>d<U+202E>e<U+D800>f<U+0000>',
    )
    expect(withUnseenNamed('é 中\n\t b \u{1f600}')).toBe('é 中 b \u{1f600}')
  })

  it('is named in what is wrong with JSON, and so is a number that JSON lacks', () => {
    const faultOf = (text: string) => {
      try {
        JSON.parse(text)
      } catch (error) {
        return jsonFault(text, error as Error)
      }
      return null
    }
    expect(faultOf('\ufeff{}')).toMatch(/^Unexpected token '<U\+FEFF byte order mark>'/)
    expect(faultOf('{"a":"NaN","b":-Infinity}')).toMatch(/^it holds -Infinity, which JSON does not have: /)
    expect(faultOf('{"a":"NaN",}')).not.toMatch(/NaN, which/)
  })
})
