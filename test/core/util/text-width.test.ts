import {expect, it} from 'vitest'
import {renderTable as renderReportTable} from '../../../src/core/report/tables.js'
import {padText, textWidth} from '../../../src/core/util/text-width.js'
import {createColors} from '../../../src/terminal/colors.js'
import {renderTable} from '../../../src/terminal/tables.js'

it.each([
  ['abc', 3],
  ['é e\u0301', 3],
  ['漢字', 4],
  ['한국어', 6],
  ['🚀', 2],
  ['\u{1f468}\u200d\u{1f469}\u200d\u{1f467}', 2],
  ['\u001b[31mred\u001b[39m', 3],
])('%j takes %i columns', (text, columns) => {
  expect(textWidth(text)).toBe(columns)
})

it('pads to columns, on either side', () => {
  expect([padText('漢', 4), padText('漢', 4, 'before'), padText('漢字', 3)]).toEqual(['漢  ', '  漢', '漢字'])
})

it('aligns the columns of tables whose names take two columns a character', () => {
  const names = ['运行一', 'run']
  const inTerminal = renderTable(
    names.map((run, i) => ({run, step: i})),
    createColors({NO_COLOR: '1'}, 'stdout'),
  )
  const rows = names.map((text, i) => [{text}, {text: String(i)}])
  const inReport = renderReportTable({title: '', columns: ['run', 'step'], rows}).slice(2)
  for (const lines of [inTerminal.split('\n'), inReport])
    expect(lines.map(textWidth), lines.join('\n')).toEqual(lines.map(() => textWidth(lines[0])))
})
