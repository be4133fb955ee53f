import {readFileSync} from 'node:fs'
import {describe, expect, it} from 'vitest'
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

describe('the estimate is never below the peak, and at most a tenth above', () => {
  /** What says why not: the note of the row. */
  const exceptions = {
    'S segmented 128+512': /Something grows with the steps of decoding/,
    'S segmented 128+1024': /1% below, as with 512 tokens/,
  }

  it.each(rows.filter(({name}) => !(name in exceptions)))('$name', (row) => {
    const share = estimateOf(row) / row.peakBytes
    expect(share).toBeGreaterThanOrEqual(1)
    // As the table rounds it.
    expect(Number(share.toFixed(2))).toBeLessThanOrEqual(1.1)
  })

  it.each(Object.entries(exceptions))('but for %s, for the reason that its note gives', (name, reason) => {
    const row = rows.find((one) => one.name === name)!
    expect(row.note).toMatch(reason)
    expect(Math.abs(estimateOf(row) / row.peakBytes - 1.05), 'no longer an exception').toBeGreaterThan(0.05)
  })
})
