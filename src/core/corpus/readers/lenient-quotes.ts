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
 * @param record its values as the parser reads them
 */
export function splitRecord(
  raw: string,
  record: readonly string[],
  delimiter: string,
  lineEnds: readonly string[],
): string[] {
  const text = withoutLineEnds(raw, record, delimiter, lineEnds)
  const value = new RegExp(`(?:"([^"]*(?:""[^"]*)*)")?([^${delimiter}]*)(${delimiter}|$)`, 'y')
  const values: string[] = []
  for (let more = delimiter; more !== ''; ) {
    const [, quoted = '', rest, next] = value.exec(text)!
    values.push(quoted.replaceAll('""', '"') + rest)
    more = next
  }
  return values
}

/**
 * A record without its own line end and those of blank lines before it. Of `\r\n`, the parser leaves the `\r`, which may also be a
 * character of a value without quotes.
 */
function withoutLineEnds(
  raw: string,
  record: readonly string[],
  delimiter: string,
  lineEnds: readonly string[],
): string {
  const leading = new RegExp(`^[${lineEnds.join('')}]*`)
  const [all, own] = [raw, record[0]].map((text) => leading.exec(text)![0].length)
  const first = record.length > 1 ? record[0] + delimiter : record[0]
  const text = raw.slice(raw.startsWith(first, all - own) ? all - own : all)
  const last = record.at(-1)!
  const hasNoEnd = text === last || text.endsWith(delimiter + last)
  return hasNoEnd ? text : text.replace(new RegExp(`[${lineEnds.join('')}]$`), '')
}
