import {visibleLine} from '../core/util/visible.js'

/** `0:07`, `12:30` or `3:05:00`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const tail = `${hours > 0 ? String(minutes).padStart(2, '0') : minutes}:${String(rest).padStart(2, '0')}`
  return hours > 0 ? `${hours}:${tail}` : tail
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** `512 B`, `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(byteUnits.length - 1, Math.floor(Math.log2(bytes) / 10))
  const amount = bytes / 1024 ** power
  return `${power === 0 ? amount : amount.toFixed(1)} ${byteUnits[power]}`
}

/** Whole numbers in full, others to four significant digits, exponents where they are shorter. */
export function formatNumber(value: number): string {
  if (Number.isSafeInteger(value)) return String(value)
  return String(Number(value.toPrecision(4)))
}

/** Share as a percentage with two decimals: `45.11%`. */
function formatShare(share: number): string {
  return `${(100 * share).toFixed(2)}%`
}

/** How a value is shown, by what its name ends in; first match wins. */
const formatsByName: readonly [RegExp, (value: number) => string][] = [
  [/(^|_)bytes$|Bytes$/, formatBytes],
  [/(^|_)seconds$|Seconds$/, (seconds) => (seconds < 60 ? `${seconds.toFixed(1)} s` : formatDuration(seconds))],
  [/(^|_)flops$|^flops_/, (flops) => (flops === 0 ? '0' : flops.toExponential(2))],
  [/^(accuracy|accuracy_if_wrong|ci_low|ci_high|pass_at_k|ciLow|ciHigh|passAtK)$/, formatShare],
]

/** A value of a summary as text on one line; null and undefined are a dash. */
export function formatValue(name: string, value: unknown): string {
  if (value === null || value === undefined) return '-'
  if (typeof value === 'number') {
    const format = formatsByName.find(([pattern]) => pattern.test(name))?.[1] ?? formatNumber
    return Number.isFinite(value) ? format(value) : String(value)
  }
  if (Array.isArray(value)) return value.map((entry) => formatValue(name, entry)).join(', ') || '-'
  if (/^pass_at(_low|_high)?$/.test(name))
    return Object.entries(value)
      .map(([k, share]) => `${k}: ${formatShare(share)}`)
      .join(', ')
  if (typeof value === 'object' && Object.keys(value).length === 0) return '-'
  return visibleLine(typeof value === 'object' ? JSON.stringify(value) : String(value))
}
