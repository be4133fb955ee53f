import {readFileSync, writeFileSync} from 'node:fs'

/** What stands before the table of a name in a README. */
export function beginOf(name: string): string {
  return `<!-- ${name}:begin -->`
}

/** What stands behind it. */
export function endOf(name: string): string {
  return `<!-- ${name}:end -->`
}

/**
 * Puts tables between their marks in a file.
 *
 * @throws {Error} when it has no marks for one of them; nothing is written then
 */
export function insertTables(file: string, named: Readonly<Record<string, string>>): void {
  let text = readFileSync(file, 'utf8')
  for (const [name, table] of Object.entries(named)) {
    const [begin, end] = [text.indexOf(beginOf(name)), text.indexOf(endOf(name))]
    if (begin < 0 || end < begin)
      throw new Error(
        `${file} has no place for the table ${name}; expected ${beginOf(name)} and, below it, ${endOf(name)}`,
      )
    text = `${text.slice(0, begin)}${beginOf(name)}\n${table}\n${text.slice(end)}`
  }
  writeFileSync(file, text)
}
