import {readFileSync} from 'node:fs'
import {expect, it} from 'vitest'
import type {MeasuredRow} from '../../bench/lengths-page.js'
import {estimateOf} from '../../bench/lengths-work.js'

const rows = JSON.parse(readFileSync('bench/lengths.json', 'utf8')) as MeasuredRow[]

/** Least and most of estimate over peak, as text. */
function shares(models: readonly string[]): string {
  const found = rows.filter(({model}) => models.includes(model)).map((row) => estimateOf(row) / row.peakBytes)
  return `${Math.min(...found).toFixed(2)} to ${Math.max(...found).toFixed(2)}`
}

it('what the page on memory says of estimate and measurement is what was measured', () => {
  const page = readFileSync('docs/how-to/memory.md', 'utf8').replaceAll('\n', ' ')
  expect(page).toContain(`For 135 M and 0.5 B parameters, the estimate is ${shares(['M', 'L'])} of the peak`)
  expect(page).toContain(`For 3.3 M parameters, where the program itself takes most, it is ${shares(['S'])}`)
})

it('the table of lengths has the estimate of today for every row', () => {
  const page = readFileSync('bench/LENGTHS.md', 'utf8')
  for (const row of rows) {
    const gib = [row.peakBytes, estimateOf(row)].map((bytes) => (bytes / 2 ** 30).toFixed(2))
    expect(page).toContain(`| ${row.name} | ${gib[0]} | ${row.goalGiB ?? ''} | ${gib[1]} |`)
  }
})
