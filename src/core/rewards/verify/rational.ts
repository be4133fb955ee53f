/** An exact number in lowest terms. */
export interface Rational {
  readonly numerator: bigint
  /** Above 0. */
  readonly denominator: bigint
}

/** The quotient of two whole numbers in lowest terms; null where the second is 0. */
export function rational(numerator: bigint, denominator: bigint): Rational | null {
  if (denominator === 0n) return null
  const divisor = greatestDivisor(magnitude(numerator), magnitude(denominator)) * (denominator < 0n ? -1n : 1n)
  return {numerator: numerator / divisor, denominator: denominator / divisor}
}

/** The quotient; null where the second is 0. */
export function divide(a: Rational, b: Rational): Rational | null {
  return rational(a.numerator * b.denominator, a.denominator * b.numerator)
}

/** The sum. */
export function add(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator)!
}

/** The number with the other sign. */
export function negate({numerator, denominator}: Rational): Rational {
  return {numerator: -numerator, denominator}
}

/** `3`, or `3/4`; equal numbers are written alike, others are not. */
export function writeRational({numerator, denominator}: Rational): string {
  return denominator === 1n ? `${numerator}` : `${numerator}/${denominator}`
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value
}

function greatestDivisor(a: bigint, b: bigint): bigint {
  let [divisor, rest] = [a, b]
  while (rest !== 0n) [divisor, rest] = [rest, divisor % rest]
  return divisor
}
