import {readFormula} from './latex.js'
import {joinThousands, parseNumber} from './number.js'
import {writeRational} from './rational.js'

/** What an answer of mathematics says. */
export interface MathAnswer {
  /** Equal where the values are; empty where there is none. */
  readonly key: string
  /** What stands before the only `=`, if it is one letter: `x`. */
  readonly name: string
  /** `%`, `°`, a currency sign, or words such as `cm^2`. */
  readonly unit: string
}

/** Lists within lists are read so deep; deeper ones are text. */
const maxDepth = 3

/**
 * Reads an answer: a number is its exact value; `\{...\}` is a set, without order or repeats; `(...)`, `[...]`, half-open
 * ones and bare lists keep their order; all else, `0,05` too, is the text of the formula.
 */
export function readMathAnswer(latex: string): MathAnswer {
  const {text, unit} = readFormula(joinThousands(withoutDelimiters(latex)))
  return readText(text.replace(/(?<!\.)\.$/, ''), unit, 0)
}

function withoutDelimiters(latex: string): string {
  return latex.trim().replace(/^\$(.+)\$$/s, '$1')
}

function readText(text: string, words: string, depth: number): MathAnswer {
  const [, name = '', named = text] = /^([a-zA-Z]|\\[a-zA-Z]+)=([^=]+)$/.exec(text) ?? []
  const [, mark = ''] = /([%°])$/.exec(named) ?? []
  const value = mark === '' ? named : named.slice(0, -1)
  const number = parseNumber(value)
  const key = number ? `number ${writeRational(number.value)}` : (listKey(value, depth) ?? textKey(value))
  return {key, name, unit: `${number?.unit ?? ''}${mark}${words}`}
}

function textKey(value: string): string {
  return value === '' ? '' : `text ${value.replaceAll(', ', ',')}`
}

/** The key of a list, in brackets or bare; null where the text is none. */
function listKey(text: string, depth: number): string | null {
  if (depth === maxDepth) return null
  const [, open, inner, close] = /^(\\\{|[([])(.*)(\\\}|[)\]])$/s.exec(text) ?? []
  const isSet = open === '\\{'
  const enclosed = open === undefined || isSet !== (close === '\\}') ? null : splitList(inner)
  if (enclosed) {
    const keys = itemKeys(enclosed, depth)
    return `${open}${isSet ? [...new Set(keys)].sort() : keys}${close}`
  }
  const bare = splitList(text) ?? []
  return bare.length > 1 ? `${itemKeys(bare, depth)}` : null
}

function itemKeys(items: readonly string[], depth: number): string[] {
  return items.map((item) => {
    const {key, name, unit} = readText(item.trim(), '', depth + 1)
    return JSON.stringify([key, name, unit])
  })
}

/** Splits at the commas that stand in no brackets; null where brackets do not match, or a comma may belong to a number: `0,05`. */
function splitList(text: string): string[] | null {
  const items: string[] = []
  let depth = 0
  let from = 0
  for (let at = 0; at < text.length; at++) {
    if ('([{'.includes(text[at])) depth++
    if (')]}'.includes(text[at]) && --depth < 0) return null
    if (text[at] !== ',' || depth > 0) continue
    items.push(text.slice(from, at))
    from = at + 1
  }
  items.push(text.slice(from))
  return depth > 0 || items.slice(1).some((item) => partOfNumber.test(item)) ? null : items
}

/** Digits that no number of a list begins with: decimals or thousands. */
const partOfNumber = /^\s*0\d/
