import {add, divide, negate, type Rational, rational} from './rational.js'

/** A number as somebody wrote it. */
export interface WrittenNumber {
  readonly value: Rational
  /** `%` or a currency sign; empty where there is none. */
  readonly unit: string
}

/** A text that is longer is no number: what is exact here grows with the digits. */
const maxCharacters = 128
const maxExponent = 308

/**
 * The number that a text is, exactly; null where it is none, or where it could mean several.
 *
 * Written as people do: a sign (also U+2212); a currency sign before or after, or a percent sign, which are units and change
 * no value (50% is 50); commas and thin spaces (`\,`) only between whole groups of three digits; `a/b`, `\frac{a}{b}` and
 * mixed numbers (`3 1/2`); `1.5e3` and `1.5 \times 10^{3}`; a period at the end; dollar signs of TeX around it all.
 */
export function parseNumber(text: string): WrittenNumber | null {
  const trimmed = withoutPeriod(text)
  if (trimmed.length > maxCharacters) return null
  const written = joinThousands(withoutPeriod(trimmed.replace(/^\$(.+)\$$/s, '$1')))
    .replaceAll('\u2212', '-')
    .replace(/\{,\}|,\\!/g, ',')
  const [, sign, before, inner, body, after] = shape.exec(written) ?? []
  if (body === undefined || (sign && inner) || (before && after)) return null
  const value = parseBody(body)
  if (value === null) return null
  return {value: sign === '-' || inner === '-' ? negate(value) : value, unit: (before ?? after ?? '').replace('\\', '')}
}

/** A text whose numbers have no thin spaces between thousands: `12\,000` is 12000. */
export function joinThousands(text: string): string {
  return text.replace(thinlySpaced, (number) => number.replace(/\D/g, ''))
}

const thinlySpaced = /(?<![\d.,])[1-9]\d{0,2}(?:(?:\\,|[\u2009\u202f])\d{3})+(?!\d)/g

/** Sign, currency, sign, digits and all between them, percent or currency. */
const shape = /^([+-]?)\s*(\\?\$|[€£¥₹])?\s*([+-]?)\s*([\d.\\].*?)\s*(\\?%|\\?\$|[€£¥₹])?$/s

function withoutPeriod(text: string): string {
  return text.trim().replace(/\.$/, '').trimEnd()
}

function parseBody(text: string): Rational | null {
  return parseDecimal(text) ?? parsePower(text) ?? parseFraction(text) ?? parseMixed(text)
}

/** `1,234.5`, `.5`, `1.5e3`. */
function parseDecimal(text: string): Rational | null {
  const [all, whole = '', fraction = '', exponent = '0'] =
    /^([1-9]\d{0,2}(?:,\d{3})+|\d+)?(?:\.(\d+))?(?:e([+-]?\d{1,3}))?$/i.exec(text) ?? []
  if (all === undefined || whole + fraction === '') return null
  return scale(BigInt(whole.replaceAll(',', '') + fraction), Number(exponent) - fraction.length)
}

/** `1.5 \times 10^{3}`. */
function parsePower(text: string): Rational | null {
  const [all, factor, braced, bare] =
    /^([\d.,]+)\s*(?:\\times|\\cdot|[×·*])\s*10\s*\^\s*(?:\{\s*([+-]?\d{1,3})\s*\}|([+-]?\d{1,3}))$/.exec(text) ?? []
  const value = all === undefined ? null : parseDecimal(factor)
  const divisor = value && scale(1n, -Number(braced ?? bare))
  return value && divisor && divide(value, divisor)
}

function scale(digits: bigint, exponent: number): Rational | null {
  if (Math.abs(exponent) > maxExponent) return null
  return exponent < 0 ? rational(digits, 10n ** BigInt(-exponent)) : rational(digits * 10n ** BigInt(exponent), 1n)
}

/** `a/b`, or `\frac{a}{b}`, where one digit needs no braces. */
function parseFraction(text: string): Rational | null {
  const [, a, b] =
    /^([\d.,]+)\s*\/\s*([+-]?[\d.,]+)$/.exec(text) ??
    /^\\[cdt]?frac\s*(\{[^{}]*\}|\d)\s*(\{[^{}]*\}|\d)$/.exec(text) ??
    []
  if (a === undefined) return null
  const [above, below] = [parseSigned(a), parseSigned(b)]
  return above && below && divide(above, below)
}

function parseSigned(text: string): Rational | null {
  const [, sign, digits] = /^\{?\s*([+-]?)\s*([^\s{}]*)\s*\}?$/.exec(text) ?? []
  const value = digits === undefined ? null : parseDecimal(digits)
  return value && sign === '-' ? negate(value) : value
}

/** `3 1/2`, `3\frac{1}{2}`: a whole number and a fraction between 0 and 1. */
function parseMixed(text: string): Rational | null {
  const [, whole, part] = /^(\d+)(?:\s+(?=\d)|\s*(?=\\))(.+)$/s.exec(text) ?? []
  const fraction = part === undefined ? null : parseFraction(part)
  if (fraction === null || fraction.numerator <= 0n || fraction.numerator >= fraction.denominator) return null
  return add({numerator: BigInt(whole), denominator: 1n}, fraction)
}
