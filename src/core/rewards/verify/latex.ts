import {latexTokens, matchBraces} from './latex-tokens.js'

/** A formula, and the unit written after it as a text; empty where there is none. */
export interface Formula {
  readonly text: string
  readonly unit: string
}

/** Commands whose braces hold words. */
const words = new Set(['\\text', '\\textrm', '\\textbf', '\\textit', '\\mbox', '\\mathrm'])

/**
 * A formula of LaTeX in one way of writing it, and its unit apart.
 *
 * `\text{...}` at the end, also with a power, is a unit where a formula with a digit or a command stands before it;
 * elsewhere its words belong to the formula. Braces around all of it or around one token go, as do spaces that hold no two words or numbers apart.
 */
export function readFormula(latex: string): Formula {
  const tokens = latexTokens(latex.trim())
  const at = unitStart(tokens)
  return {text: write(tokens.slice(0, at)), unit: write(tokens.slice(at)).replace(/\.$/, '')}
}

/** Where the unit begins; the number of tokens where there is none. */
function unitStart(tokens: readonly string[]): number {
  const at = tokens.findIndex((token) => words.has(token))
  const open = at < 0 ? -1 : skipSpaces(tokens, at + 1)
  const close = matchBraces(tokens).get(open)
  if (close === undefined || tokens[open] !== '{') return tokens.length
  const isQuantity = tokens.slice(0, at).some((token) => /^(?:\d|\\[a-zA-Z])/.test(token))
  const rest = tokens
    .slice(close + 1)
    .join('')
    .trim()
  return isQuantity && /^(?:\^(?:\d|\{\d\}))?\.?$/.test(rest) ? at : tokens.length
}

function skipSpaces(tokens: readonly string[], from: number): number {
  return tokens[from] === ' ' ? from + 1 : from
}

function write(tokens: readonly string[]): string {
  const partners = matchBraces(tokens)
  const omitted = new Set<number>()
  for (let at = 0; partners.get(at) === tokens.length - 1 - at && tokens[at] === '{'; at++)
    omitted.add(at).add(tokens.length - 1 - at)
  for (const [at, token] of tokens.entries()) {
    const open = words.has(token) ? skipSpaces(tokens, at + 1) : at
    const close = tokens[open] === '{' ? partners.get(open) : undefined
    if (close === undefined || (open === at && close !== open + 2)) continue
    omitted.add(open).add(close)
    if (open !== at) omitted.add(at)
  }
  return join(tokens.filter((_, at) => !omitted.has(at)))
    .replaceAll('^\\circ', '°')
    .replaceAll('^°', '°')
}

/** Tokens as text: a space stands only where two words or numbers would run together otherwise. */
function join(tokens: readonly string[]): string {
  const written: string[] = []
  let last = ''
  let isApart = false
  for (const token of tokens) {
    if (token === ' ') isApart = true
    else {
      const isNeeded = /^\\[a-zA-Z]/.test(last) ? /^[a-zA-Z]/.test(token) : isApart && isWord(last) && isWord(token)
      written.push(isNeeded ? ` ${token}` : token)
      last = token
      isApart = false
    }
  }
  return written.join('')
}

function isWord(token: string): boolean {
  return /^[\p{L}\p{N}.,]$/u.test(token)
}
