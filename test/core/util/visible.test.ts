import {expect, it} from 'vitest'
import {visible, visibleLine} from '../../../src/core/util/visible.js'

it.each([
  ['é 漢 \u{1f600} "\\x1b"', 'é 漢 \u{1f600} "\\x1b"'],
  ['\u001b]0;owned\u0007', '\\x1b]0;owned\\x07'],
  ['\r\t\u0000\u007f', '\\x0d\\x09\\x00\\x7f'],
  ['\u009b31m', '\\x9b31m'],
  ['user\u202egnp.exe\u2066', 'user\\u{202e}gnp.exe\\u{2066}'],
])('%j is shown as %s', (text, shown) => {
  expect(visible(text)).toBe(shown)
  expect(visibleLine(text)).toBe(shown)
})

it('line ends stay in a text and are shown in a line', () => {
  expect(visible('a\nb\u2028')).toBe('a\nb\u2028')
  expect(visibleLine('a\nb')).toBe('a\\x0ab')
})
