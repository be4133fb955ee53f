import {formatDuration} from '../src/terminal/format.js'
import type {Side} from './job.js'
import type {Benchmark} from './workloads.js'

/** What will run, and how long it still takes: expected times, corrected by what was seen so far. */
export class Plan {
  private readonly processes: number
  private started = 0
  private expectedSoFar = 0
  private seenSoFar = 0

  /** @param repeats timed repeats of every process in place of each row's own */
  constructor(
    private readonly benchmarks: readonly Benchmark[],
    private readonly sides: readonly Side[],
    private readonly rounds: number,
    readonly repeats: number | undefined,
  ) {
    this.processes = benchmarks.length * sides.length * rounds
  }

  /** `34 processes, about 31:00 on two cores`. */
  describe(): string {
    return `${this.processes} processes, about ${formatDuration(this.total())} on two quiet cores`
  }

  /** The process that starts now: `3/34 update S32 peer, round 1, 4:12 gone, about 26:00 left`. */
  line({work, workload}: Benchmark, side: Side, round: number, seconds: number): string {
    this.started++
    const pace = this.expectedSoFar > 0 ? this.seenSoFar / this.expectedSoFar : 1
    const left = (this.total() - this.expectedSoFar) * pace
    const name = `${this.started}/${this.processes} ${work} ${workload} ${side === 'ours' ? 'rpt' : 'peer'}`
    return `${name}, round ${round}, ${formatDuration(seconds)} gone, about ${formatDuration(left)} left`
  }

  /** A process has ended after so many seconds. */
  advance(benchmark: Benchmark, side: Side, seconds: number): void {
    this.expectedSoFar += this.expected(benchmark, side)
    this.seenSoFar += seconds
  }

  private total(): number {
    const each = this.benchmarks.flatMap((benchmark) => this.sides.map((side) => this.expected(benchmark, side)))
    return this.rounds * each.reduce((sum, seconds) => sum + seconds, 0)
  }

  /** A full warm-up counts as one repeat more. */
  private expected({expected, repeats}: Benchmark, side: Side): number {
    return this.repeats === undefined ? expected[side] : (expected[side] * (1 + this.repeats)) / (1 + repeats)
  }
}
