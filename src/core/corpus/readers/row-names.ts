/** What errors call a row, which is counted from 1. */
export type RowNames = (row: number) => string

/** `corpus.jsonl:3`. */
export function rowsOfFile(file: string): RowNames {
  return (row) => `${file}:${row}`
}

/** `standard input, line 3`: rows of what has no file that the user knows. */
export function linesOf(source: string): RowNames {
  return (row) => `${source}, line ${row}`
}
