import type {Cell, Table} from '../../report/tables.js'
import {maxOf} from '../../util/extremes.js'

/** Text as one cell of a table, or one line: nothing in it is markup. */
export function plainText(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_<>|]|\](?=\()/g, (character) => `\\${character}`)
}

/** Rows of plain text as a table of Markdown. */
export function markdownRows(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n')
}

/**
 * A table of a report in Markdown, with its title and note; what is above or below is bold.
 *
 * @param isBold rows whose name is bold
 */
export function markdownTable({title, columns, rows, note}: Table, isBold: (row: number) => boolean): string {
  const body = rows.map((cells, row) =>
    cells.map((cell, column) => (column === 0 && isBold(row) ? bold(textOf(cell)) : cellText(cell))),
  )
  const table = markdownRows(columns.map(plainText), body)
  return [`**${plainText(title)}**`, table, ...(note ? [plainText(note)] : [])].join('\n\n')
}

function cellText(cell: Cell): string {
  const text = textOf(cell)
  return cell.tone === 'above' || cell.tone === 'below' ? bold(text) : text
}

function textOf({text, detail}: Cell): string {
  return plainText(detail ? `${text} ${detail}` : text)
}

function bold(text: string): string {
  return `**${text}**`
}

/** A block of code that no line of it can end. */
export function codeBlock(language: string, code: string): string {
  const longest = maxOf([2, ...[...code.matchAll(/`+/g)].map(([ticks]) => ticks.length)])
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${code.trimEnd()}\n${fence}`
}
