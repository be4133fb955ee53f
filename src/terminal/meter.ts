import {formatDuration, formatNumber} from './format.js'

/** Counts the units of one stage and says how far it is, how fast, and how long it still takes. */
export class Meter {
  note = ''
  private count: number

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
  }

  advance(count: number, note?: string): void {
    this.count += count
    this.note = note ?? this.note
  }

  /** `train 12/40 steps (30%), 3.2/s, 0:09 left, reward 0.25`. */
  line(): string {
    const rate = (this.count - this.start) / (this.now() - this.begun)
    const parts = [this.progress()]
    if (Number.isFinite(rate) && rate > 0) {
      parts.push(
        rate >= 1
          ? `${formatNumber(Number(rate.toPrecision(3)))}/s`
          : `${formatNumber(Number((1 / rate).toPrecision(3)))} s each`,
      )
      if (this.total !== undefined) parts.push(`${formatDuration((this.total - this.count) / rate)} left`)
    } else {
      parts.push(`${formatDuration(this.seconds())} so far`)
    }
    return [...parts, this.note].filter((part) => part !== '').join(', ')
  }

  /** `train: 40 steps in 0:12`, or the summary in place of the count. */
  end(summary?: string): string {
    const done = this.count - this.start
    const what = summary ?? (done > 0 ? `${done} ${this.unit}`.trimEnd() : 'done')
    return `${this.name}: ${what} in ${formatDuration(this.seconds())}`
  }

  private progress(): string {
    if (this.total === undefined)
      return this.count > 0 ? `${this.name} ${this.count} ${this.unit}`.trimEnd() : this.name
    const percent = this.total > 0 ? ` (${Math.floor((100 * this.count) / this.total)}%)` : ''
    return `${this.name} ${this.count}/${this.total} ${this.unit}`.trimEnd() + percent
  }

  private seconds(): number {
    return this.now() - this.begun
  }
}
