import {describe, expect, it} from 'vitest'
import {numeric} from '../../../../src/core/rewards/verify/numeric.js'

const equal = [
  ['72', '72'],
  [' 72 ', '72'],
  ['72.', '72'],
  ['72.0', '72'],
  ['072', '72'],
  ['1,000', '1000'],
  ['1,234,567.50', '1234567.5'],
  ['1{,}000', '1000'],
  ['1,\\!000', '1000'],
  ['12\\,000', '12000'],
  ['1\u202f234\u2009567.5', '1234567.5'],
  ['$18', '18'],
  ['\\$18.00', '$18'],
  ['$18$', '18'],
  ['$18.$', '18'],
  ['-$5', '$-5'],
  ['- 5', '-5'],
  ['\u22125', '-5'],
  ['+5', '5'],
  ['5 €', '€5'],
  ['50%', '50'],
  ['50\\%', '50 %'],
  ['.5', '0.5'],
  ['1/2', '0.5'],
  ['2/4', '1 / 2'],
  ['-1/2', '1/-2'],
  ['\\frac{1}{2}', '0.5'],
  ['\\dfrac12', '\\tfrac{2}{4}'],
  ['-\\frac{1}{2}', '\\frac{-1}{2}'],
  ['\\frac{1,000}{3}', '1000/3'],
  ['3 1/2', '3.5'],
  ['3\\frac{1}{2}', '7/2'],
  ['-3 1/2', '-3.5'],
  ['1.5e3', '1500'],
  ['1.5E-3', '0.0015'],
  ['1.5 \\times 10^{3}', '1,500'],
  ['6.02×10^23', '602000000000000000000000'],
  ['2 \\cdot 10^{-2}', '1/50'],
  ['0.1', '1/10'],
  ['0', '-0'],
  ['123456789012345678901234567890', '123,456,789,012,345,678,901,234,567,890'],
] as const

const different = [
  // Floats say that these are equal: 2^53 + 1, and numbers that differ in the 20th place.
  ['9007199254740993', '9007199254740992'],
  ['0.30000000000000000001', '0.3'],
  // Graders with a tolerance take a rounded number for the fraction.
  ['0.333', '1/3'],
  ['0.3333333333333333', '1/3'],
  ['3.14', '22/7'],
  // Where commas are simply removed, a list becomes a number (databricks/officeqa#23, AISBench#360).
  ['1,2', '12'],
  ['8.124,12.852', '8.12412852'],
  ['1,00', '100'],
  ['1, 000', '1000'],
  ['0,001', '1'],
  ['1\\,00', '100'],
  ['0\\,001', '1'],
  ['3.14\\,159', '3.14159'],
  ['1 000', '1000'],
  // A percent sign is a unit, not a division.
  ['50%', '0.5'],
  ['50%', '$50'],
  ['$5', '€5'],
  ['$50%', '50'],
  // Only the last number of a text, or the first, is what some graders look at.
  ['12 or 13', '13'],
  ['5 apples', '5'],
  ['12:00', '12'],
  ['2021', '\\pm 2021'],
  ['5', '-5'],
  ['--5', '5'],
  ['5', '5x'],
  ['', ''],
  ['', '0'],
  ['.', '0'],
  ['nan', 'nan'],
  ['Infinity', 'Infinity'],
  ['0x10', '16'],
  ['1_000', '1000'],
  ['1/0', '1/0'],
  ['\\frac{0}{0}', '0'],
  ['3 4/2', '5'],
  ['3 2/2', '4'],
  ['1e999', '1e999'],
  ['٣', '3'],
] as const

describe('numbers', () => {
  it.each(equal)('%s is %s', (a, b) => {
    expect(numeric(a, b)).toMatchObject({correct: true})
    expect(numeric(b, a)).toMatchObject({correct: true})
  })

  it.each(different)('%s is not %s', (a, b) => {
    expect(numeric(a, b)).toMatchObject({correct: false})
    expect(numeric(b, a)).toMatchObject({correct: false})
  })

  it('say why', () => {
    expect([
      numeric('1,000', '1000.0').explanation,
      numeric('0.5', '2/3').explanation,
      numeric('five', '5').explanation,
      numeric('5', 'five').explanation,
      numeric('$5', '5%').explanation,
    ]).toEqual([
      '"1,000" is the number 1000',
      '"0.5" is not the number 2/3',
      '"five" is no number; the truth is 5',
      'the truth "five" is no number, so no answer is right',
      '5$ is in another unit than 5%',
    ])
  })
})
