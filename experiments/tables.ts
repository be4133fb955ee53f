import {readFileSync, writeFileSync} from 'node:fs'

/** What stands before the table of a name in a README. */
export function beginOf(name: string): string {
  return `<!-- ${name}:begin -->`
}

/** What stands behind it. */
export function endOf(name: string): string {
  return `<!-- ${name}:end -->`
}

/** Puts tables between their marks in a file. */
export function insertTables(file: string, named: Readonly<Record<string, string>>): void {
  let text = readFileSync(file, 'utf8')
  for (const [name, table] of Object.entries(named)) {
    const [before, rest] = text.split(beginOf(name))
    text = `${before}${beginOf(name)}\n${table}\n${endOf(name)}${rest.split(endOf(name))[1]}`
  }
  writeFileSync(file, text)
}
