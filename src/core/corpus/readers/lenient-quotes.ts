/** Whether the parser may have kept the quotes of a value after whose closing quote something follows. */
export function mayKeepQuotes(values: readonly string[]): boolean {
  return values.some((value) => value.startsWith('"'))
}

/**
 * The values of a record as Python's `csv` reads them: where something follows a closing quote, it belongs to the value, and
 * further quotes in it are characters.
 *
 * Source: Modules/_csv.c of CPython, `QUOTE_IN_QUOTED_FIELD` without `strict`
 *
 * @param raw the record as it stands, perhaps with line ends around it
 */
export function splitRecord(raw: string, delimiter: string, lineEnds: readonly string[]): string[] {
  const ends = `(?:${lineEnds.join('|')})`
  const text = raw.replace(new RegExp(`^${ends}+|${ends}$`, 'g'), '')
  const value = new RegExp(`(?:"([^"]*(?:""[^"]*)*)")?([^${delimiter}]*)(${delimiter}|$)`, 'y')
  const values: string[] = []
  for (let more = delimiter; more !== ''; ) {
    const [, quoted = '', rest, next] = value.exec(text)!
    values.push(quoted.replaceAll('""', '"') + rest)
    more = next
  }
  return values
}
