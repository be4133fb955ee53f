import {describe, expect, it} from 'vitest'
import {boxed} from '../../../../src/core/rewards/verify/boxed.js'

const equal = [
  ['5', '5.0'],
  ['\\boxed{5}', '5'],
  ['so \\boxed{4}, no, \\boxed{\\frac{1}{2}}.', '0.5'],
  ['$5$', '5'],
  ['\\(5\\)', '5'],
  ['\\dfrac{1}{2}', '\\frac12'],
  ['\\frac{\\pi}{2}', '\\tfrac \\pi 2'],
  ['\\sqrt2', '\\sqrt{2}'],
  ['x^{2}', 'x^2'],
  ['2\\pi r', '2 \\pi{r}'],
  ['\\left(1, \\frac{1}{2}\\right)', '(1,0.5)'],
  ['[0, 1)', '\\left[0,1\\right)'],
  ['\\{1, 2, 3\\}', '\\{3,2,1\\}'],
  ['\\{1, 2, 2\\}', '\\lbrace 1,2 \\rbrace'],
  ['1, 2, 3', '1,2,3'],
  ['0, 0.5', '0,1/2'],
  ['0,05', '0,05'],
  ['(1,2),(3,4)', '(1, 2), (3, 4)'],
  ['x=5', '5'],
  ['x = 5', 'x=5.'],
  ['\\theta=\\frac{\\pi}{4}', '\\frac{\\pi}{4}'],
  ['y=2x+3', '2x + 3'],
  ['90^\\circ', '90'],
  ['90^{\\circ}', '90°'],
  ['50\\%', '50'],
  ['\\$5', '5'],
  ['10\\text{ cm}', '10'],
  ['10 \\mathrm{cm}', '10\\text{ cm}'],
  ['10\\text{ cm}^2', '10\\text{cm}^{2}'],
  ['3\\sqrt{2}\\text{ units}', '3\\sqrt2'],
  ['\\text{even}', 'even'],
  ['\\text{not possible}', '\\mbox{not  possible}'],
  ['10{,}000', '10000'],
  ['10,\\!000', '10,000'],
  ['12\\,000', '12,000'],
  ['(12\\,000,\\,5)', '(12000, 5)'],
  ['2\\frac{1}{3}', '\\frac{7}{3}'],
  ['{{3k^2 + 2k}}', '3k^{2}+2k'],
  ['x\\le 3', 'x \\leq 3'],
  ['\u22123', '-3'],
  // math-verify 0.7 said no (huggingface/Math-Verify#37).
  ['\\text{13}', '13'],
  ['\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}', '\\begin{pmatrix}1\\\\2\\end{pmatrix}'],
] as const

const different = [
  ['', ''],
  ['\\boxed{}', ''],
  ['5', '6'],
  // huggingface/Math-Verify#14: equal to floats, or by the beginning of the answer alone.
  ['\\frac{1}{2004!}', '\\frac{1}{2006!}'],
  ['\\frac{1}{2^{99}}', '\\frac{1}{2^{98}}'],
  ['n=2, 3, 4', 'n=1, 2, 3'],
  ['D = (0, 1)', 'D = (0, 1.5)'],
  ['19, 46, \\text{ and } 82', '21, 36, and 82'],
  ['1 - \\frac{1}{\\mathrm{e}}', '1 + \\frac{1}{\\mathrm{e}}'],
  ['\\pm 2021', '2021'],
  ['12:00', '1:00'],
  ['1, 2, \\ldots, n', '1, 3, 5, \\ldots, 2n-1'],
  // huggingface/Math-Verify#60: both were read as 0.
  ['3*x-1*y+13=0', '3x + 4y + 14=0'],
  // Graders that drop all commas or all spaces.
  ['1,2', '12'],
  ['(1,234)', '1234'],
  ['1, 234', '1234'],
  ['1 2', '12'],
  // Lists of whole numbers, if a comma never belonged to a number.
  ['0,05', '0,5'],
  ['(1,000)', '(1,0)'],
  ['\\{1,000\\}', '\\{0,1\\}'],
  // Graders that drop names, units and subscripts without a look at them.
  ['x=5', 'y=5'],
  ['5\\text{ cm}', '5\\text{ m}'],
  ['5\\text{ cm}', '5\\text{ cm}^2'],
  ['\\$5', '5\\%'],
  ['52_8', '52'],
  ['50\\%', '0.5'],
  // Order and kind of brackets matter, except in sets.
  ['(1,2)', '(2,1)'],
  ['(0,1)', '[0,1]'],
  ['1,2', '2,1'],
  ['\\{1,2\\}', '(1,2)'],
  ['\\{1,2\\}', '\\{1,2,3\\}'],
  // No mathematics is done.
  ['2\\sqrt{2}', '\\sqrt{8}'],
  ['x+1', '1+x'],
  ['\\frac{1}{23}', '\\frac{12}{3}'],
  ['0.33', '\\frac13'],
  ['X', 'x'],
  ['{1}{2}', '\\{1\\}\\{2\\}'],
] as const

describe('answers in boxes', () => {
  it.each(equal)('%s is %s', (a, b) => {
    expect(boxed(a, b)).toMatchObject({correct: true})
    expect(boxed(b, a)).toMatchObject({correct: true})
  })

  it.each(different)('%s is not %s', (a, b) => {
    expect(boxed(a, b)).toMatchObject({correct: false})
    expect(boxed(b, a)).toMatchObject({correct: false})
  })

  it('say why', () => {
    expect([
      boxed('\\frac12', '0.5').explanation,
      boxed('1', '2').explanation,
      boxed('x=1', 'y=1').explanation,
      boxed('1\\text{ m}', '1\\text{ s}').explanation,
      boxed('\\boxed{}', '1').explanation,
    ]).toEqual([
      '"\\\\frac12" says the same as "0.5"',
      '"1" is not "2": the values differ',
      '"x=1" is not "y=1": x is another name than y',
      '"1\\\\text{ m}" is not "1\\\\text{ s}": "m" is another unit than "s"',
      '"\\\\boxed{}" is not "1": it is empty',
    ])
  })
})
