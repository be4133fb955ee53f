import {maxOf} from '../core/util/extremes.js'
import {columnsToDrop} from '../core/util/spare-columns.js'
import {padText, textWidth} from '../core/util/text-width.js'
import {visible, visibleLine} from '../core/util/visible.js'
import type {Colors} from './colors.js'
import {formatBytes, formatValue} from './format.js'

/** A row of a table: column name -> value. */
export type Row = Readonly<Record<string, unknown>>

/** Needs of a memory against what there is; null where that is not known. */
interface MemorySummaryView {
  readonly needed_bytes: number
  readonly available_bytes: number | null
  readonly fits: boolean
  readonly spare_bytes: number
  readonly largest: {readonly name: string; readonly bytes: number}
  readonly setting: string | null
}

/** What `--dry-run` shows besides the configuration. */
export interface PlanView {
  /** Lines such as `32 contexts x 8 = 256 completions = 4 micro-batches x 8 contexts`. */
  readonly batch: readonly string[]
  /** Numbers of the model, and how many of them are trained. */
  readonly parameters?: {readonly trained: number; readonly total: number}
  /** Which instruction prompts are in, and how long it is. */
  readonly prompts?: readonly string[]
  /** How updates would be computed, in words. */
  readonly update?: string
  /** Memory by tensor, in bytes. */
  readonly memory: readonly {readonly name: string; readonly bytes: number}[]
  /** All of it against what the machine has. */
  readonly memory_summary?: MemorySummaryView
  /** The same of a device that has memory of its own. */
  readonly device_memory?: {readonly parts: PlanView['memory']; readonly summary: MemorySummaryView} | null
  /** Files and folders that would be written. */
  readonly files: readonly string[]
  /** What an earlier step would write, or the Hub would send. */
  readonly missing: readonly string[]
}

/** Rows as aligned columns under a heading; numbers to the right, text to the left. */
export function renderTable(rows: readonly Row[], colors: Colors): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const heads = columns.map(visibleLine)
  const cells = rows.map((row) => columns.map((column) => formatValue(column, row[column])))
  const isNumeric = columns.map((column) => rows.every((row) => row[column] == null || typeof row[column] === 'number'))
  const widths = heads.map((head, c) => maxOf([textWidth(head), ...cells.map((row) => textWidth(row[c]))]))
  const line = (row: readonly string[]) =>
    row
      .map((cell, c) => padText(cell, widths[c], isNumeric[c] ? 'before' : 'behind'))
      .join('  ')
      .trimEnd()
  return [colors.dim(line(heads)), ...cells.map(line)].join('\n')
}

/**
 * Leaves columns out of rows until the table is no wider than a terminal.
 *
 * @param spare columns that may go, the first first
 * @returns the rows, and the columns that went
 */
export function fitColumns(
  rows: readonly Row[],
  limit: number,
  spare: readonly string[],
  colors: Colors,
): {rows: readonly Row[]; leftOut: readonly string[]} {
  const without = (gone: readonly string[]) =>
    rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !gone.includes(name))))
  const widthWithout = (gone: readonly string[]) => maxOf(renderTable(without(gone), colors).split('\n').map(textWidth))
  const gone = columnsToDrop(limit, spare, widthWithout)
  return {rows: without(gone), leftOut: gone.filter((name) => rows.some((row) => name in row))}
}

/**
 * A summary for people: its plain values as aligned pairs, its records indented, its lists of records as tables.
 *
 * Texts of several lines stand as they are; what does not apply (null) is left out.
 */
export function renderSummary(summary: Row, colors: Colors, indent = ''): string {
  const entries = Object.entries(summary)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [visibleLine(name), value] as const)
  const labels = maxOf([0, ...entries.filter(([, value]) => isPlain(value)).map(([name]) => textWidth(name))])
  return entries.map(([name, value]) => indent + renderEntry(name, value, labels, colors, indent)).join('\n')
}

function renderEntry(name: string, value: unknown, labels: number, colors: Colors, indent: string): string {
  if (isPlain(value)) return `${colors.dim(padText(name, labels))}  ${formatValue(name, value)}`
  const inner = `${indent}  `
  const block =
    typeof value === 'string' ? visible(value) : Array.isArray(value) ? renderTable(value, colors) : undefined
  const body = block === undefined ? renderSummary(value as Row, colors, inner) : block.replaceAll(/^(?=.)/gm, inner)
  return `${colors.bold(name)}\n${body}`
}

function isPlain(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes('\n')
  if (Array.isArray(value)) return value.length === 0 || typeof value[0] !== 'object'
  return typeof value !== 'object' || value === null || Object.keys(value).length === 0
}

/** The plan of a dry run: batch identity, memory with the largest class named, files. */
export function renderPlan(plan: PlanView, colors: Colors): string {
  const {device_memory: device} = plan
  const section = (title: string, lines: readonly string[]) =>
    lines.length > 0 ? [colors.bold(title), ...lines.map(indented)] : []
  return [
    ...section('batch', plan.batch.map(visibleLine)),
    ...section('parameters', parameterLines(plan)),
    ...section('prompts', (plan.prompts ?? []).map(visibleLine)),
    ...section('updates', plan.update === undefined ? [] : [visibleLine(plan.update)]),
    ...section('memory', memoryLines(plan.memory, plan.memory_summary, colors)),
    ...section('memory of the device', memoryLines(device?.parts ?? [], device?.summary, colors)),
    ...section('would write', plan.files.map(visibleLine)),
    ...section('not there yet', plan.missing.map(visibleLine)),
  ].join('\n')
}

function parameterLines({parameters}: PlanView): string[] {
  return parameters ? [`${parameters.trained} of ${parameters.total} are trained`] : []
}

/** One line per class of tensor, the sum against what there is, and the largest class with the setting that shrinks it. */
function memoryLines(memory: PlanView['memory'], summary: MemorySummaryView | undefined, colors: Colors): string[] {
  if (!summary) return []
  const {needed_bytes: needed, available_bytes: available, spare_bytes: spare, fits, largest, setting} = summary
  const row = (bytes: number, text: string) => `${formatBytes(bytes).padStart(10)}  ${text}`
  const verdict = fits ? colors.green('fits') : colors.red('does not fit')
  const inAll =
    available === null
      ? '; how much is available is not known'
      : `, ${shareOf(needed, available)} the ${formatBytes(available)} available: ${verdict}`
  return [
    ...memory.map(({name, bytes}) => row(bytes, name)),
    row(needed, `${colors.bold('in all')}${inAll}`),
    `largest part: ${largest.name}, ${formatBytes(largest.bytes)}`,
    ...(setting ? [`shrink it with: ${setting}`] : []),
    ...(spare > 0 ? [`about ${formatBytes(needed + spare)} with graphs of many lengths`] : []),
  ]
}

function shareOf(needed: number, available: number): string {
  return needed > 10 * available
    ? `${Math.round(needed / available)} times`
    : `${Math.round((100 * needed) / available)}% of`
}

function indented(line: string): string {
  return `  ${line}`
}
