/** Arithmetic mean; NaN of nothing. */
export function meanOf(values: readonly number[]): number {
  return sumOf(values) / values.length
}

/** Population deviation; NaN of nothing. */
export function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values)
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)))
}

/** 0 of nothing. */
export function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

/** The mean of each name over records of the same names; there is at least one record. */
export function meansByName(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = Object.keys(records[0])
  return Object.fromEntries(names.map((name) => [name, meanOf(records.map((record) => record[name]))]))
}
