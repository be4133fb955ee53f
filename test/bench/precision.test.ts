import {readFileSync} from 'node:fs'
import {expect, it} from 'vitest'
import {type Agreements, agreementTable} from '../../bench/precision-table.js'
import {measureAgreement} from '../../bench/precision-work.js'
import {precisionDefaults} from '../../src/core/config/precision-defaults.js'

const published: Agreements = JSON.parse(readFileSync('bench/precision.json', 'utf8'))

it('the table of the documents is that of the measurement', () => {
  const [, table] = /<!-- precision:begin -->\n(.*)\n<!-- precision:end -->/s.exec(
    readFileSync('docs/how-to/cuda.md', 'utf8'),
  )!
  expect(table).toBe(agreementTable(published))
})

it('float16 products agree with float32 as published, on the tiny base checkpoint', async () => {
  const measured = await measureAgreement('experiments/tiny/base')
  const {tokens, largestDifference, meanDifference, languageModelCosine, policyCosine} = published['tiny base']
  // Other processors sum in another order, and round other halves.
  expect(measured.tokens).toBe(tokens)
  expect(measured.largestDifference / largestDifference).toBeGreaterThan(0.5)
  expect(measured.largestDifference / largestDifference).toBeLessThan(2)
  expect(measured.meanDifference / meanDifference).toBeCloseTo(1, 0)
  expect(measured.languageModelCosine).toBeCloseTo(languageModelCosine, 4)
  expect(measured.policyCosine).toBeCloseTo(policyCosine, 4)
  // The roundings are there.
  expect(measured.languageModelCosine).toBeLessThan(0.9999999)
})

it('the gate of sampling against update lies between what was measured and an error', () => {
  const limit = precisionDefaults.float16['grpo.mismatchLimit'] as number
  for (const {largestDifference, largestMismatch} of Object.values(published)) {
    expect(2 * largestDifference).toBeLessThan(limit)
    expect(largestMismatch).toBeLessThan(limit / 2)
  }
})
