import {formatBytes, formatDuration, formatNumber} from './format.js'

/** Seconds without a completed unit that are worth a word. */
const longWait = 5

/** Counts the units of one stage and says how far it is, how fast, and how long it still takes. */
export class Meter {
  note = ''
  private count: number
  /** When the last unit was completed. */
  private completed: number

  /** @param now seconds on a clock that never goes back */
  constructor(
    readonly name: string,
    private readonly total: number | undefined,
    private readonly unit: string,
    private readonly start: number,
    private readonly now: () => number,
    private readonly begun = now(),
  ) {
    this.count = start
    this.completed = begun
  }

  advance(count: number, note?: string): void {
    this.count += count
    this.note = note ?? this.note
    if (count > 0) this.completed = this.now()
  }

  /** `train 12/40 steps (30%), 3.2/s, 0:09 left, reward 0.25`; the rate is that of completed units. */
  line(): string {
    const rate = (this.count - this.start) / (this.completed - this.begun)
    const waiting = this.now() - this.completed
    const parts = [this.progress()]
    if (Number.isFinite(rate) && rate > 0) {
      parts.push(this.pace(rate))
      if (this.total !== undefined)
        parts.push(`${formatDuration(Math.max(0, (this.total - this.count) / rate - waiting))} left`)
      if (waiting >= longWait) parts.push(`${formatDuration(waiting)} on the next`)
    } else {
      parts.push(`${formatDuration(this.seconds())} so far`)
    }
    return [...parts, this.note].filter((part) => part !== '').join(', ')
  }

  /** `train: 40 steps in 0:12`, or the summary in place of the count. */
  end(summary?: string): string {
    const done = this.count - this.start
    const what = summary ?? (done > 0 ? this.amount(done) : 'done')
    return `${this.name}: ${what} in ${formatDuration(this.seconds())}`
  }

  private progress(): string {
    if (this.total === undefined) return this.count > 0 ? `${this.name} ${this.amount(this.count)}` : this.name
    const percent = this.total > 0 ? ` (${Math.floor((100 * this.count) / this.total)}%)` : ''
    const done = this.unit === 'bytes' ? formatBytes(this.count) : this.count
    return `${this.name} ${done}/${this.amount(this.total)}${percent}`
  }

  private amount(count: number): string {
    return this.unit === 'bytes' ? formatBytes(count) : `${count} ${this.unit}`.trimEnd()
  }

  private pace(rate: number): string {
    if (this.unit === 'bytes') return `${formatBytes(Math.round(rate))}/s`
    if (rate >= 1) return `${formatNumber(Number(rate.toPrecision(3)))}/s`
    return `${formatNumber(Number((1 / rate).toPrecision(3)))} s each`
  }

  private seconds(): number {
    return this.now() - this.begun
  }
}
