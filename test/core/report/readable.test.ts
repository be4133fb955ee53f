import {expect, it} from 'vitest'
import {escapeHtml} from '../../../src/core/report/format.js'
import {readable} from '../../../src/core/report/page/readable.js'
import {visible} from '../../../src/core/util/visible.js'

it('a page shows what a terminal shows: nothing that is not seen stays, but for tabs and line ends', () => {
  expect(readable('a\u001b\u007f\u0085\u202e\n\tb')).toBe('a\u241b\u2421\\x85\\u{202e}\n\tb')
  const differing = Array.from({length: 0x10000}, (_, code) => String.fromCharCode(code)).filter(
    (character) => (readable(character) === character) !== (visible(character) === character),
  )
  expect(differing).toEqual(['\t'])
  expect(escapeHtml('<\u2066\u0085\r')).toBe('&lt;\\u{2066}\\x85\u240d')
})
