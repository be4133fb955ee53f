import {maxOf, minOf} from '../src/core/util/extremes.js'
import {type Failure, type Measurement, type Side, units, unitsOf} from './job.js'
import type {Limits} from './limits.js'
import type {Benchmark} from './workloads.js'

/** Slowest and fastest rate of the timed repeats. */
export interface Spread {
  readonly min: number
  readonly max: number
}

/** One row of `results.json`. Rates are medians over all processes; null where a side was not measured or failed. */
export interface ResultRow {
  readonly work: string
  readonly workload: string
  readonly unit: string
  readonly ours: number | null
  readonly peer: number | null
  /** ours / peer. */
  readonly ratio: number | null
  readonly spread: Readonly<Record<Side, Spread | null>>
  readonly goal: number
  /** Bytes, the largest of the side's processes. */
  readonly peakRssOurs: number | null
  readonly peakRssPeer: number | null
  /** peakRssOurs / peakRssPeer; the goal is at most 1. */
  readonly memoryRatio: number | null
  /** Which of `speed` and `memory` fell short; both need both sides. */
  readonly missed: readonly ('speed' | 'memory')[]
  readonly microBatch: Readonly<Record<Side, number>>
  /** Timed repeats of each side, all processes together. */
  readonly runs: Readonly<Record<Side, number>>
  /** The number that both sides must find. */
  readonly check: Readonly<Record<Side, number | null>>
  readonly isSameWork: boolean
  readonly threads: Readonly<Record<Side, number | null>>
  readonly setting: string
  readonly failures: readonly string[]
}

/** The whole of `results.json`. */
export interface Results {
  readonly date: string
  readonly command: string
  readonly threads: number
  readonly machine: Readonly<Record<string, string>>
  readonly versions: Readonly<Record<string, string>>
  readonly limits: Readonly<Record<Side, Limits | null>>
  /** Wall-clock seconds of the whole run. */
  readonly seconds: number
  readonly rows: readonly ResultRow[]
}

/** What the processes of one benchmark found. */
export type Found = Readonly<Record<Side, readonly (Measurement | Failure)[]>>

/** Largest relative difference of the checks of two sides that do the same work in float32. */
const checkTolerance = 1e-3

/** The row of a benchmark from what its processes found. */
export function resultRow(benchmark: Benchmark, found: Found): ResultRow {
  const ours = summarize(benchmark, found.ours)
  const peer = summarize(benchmark, found.peer)
  const ratio = divide(ours.rate, peer.rate)
  const memoryRatio = divide(ours.peakRss, peer.peakRss)
  return {
    work: benchmark.work,
    workload: benchmark.workload,
    unit: units[benchmark.work],
    ours: ours.rate,
    peer: peer.rate,
    ratio,
    spread: {ours: ours.spread, peer: peer.spread},
    goal: benchmark.goal,
    peakRssOurs: ours.peakRss,
    peakRssPeer: peer.peakRss,
    memoryRatio,
    missed: [
      ...(ratio !== null && ratio < benchmark.goal ? (['speed'] as const) : []),
      ...(memoryRatio !== null && memoryRatio > 1 ? (['memory'] as const) : []),
    ],
    microBatch: benchmark.microBatch,
    runs: {ours: ours.runs, peer: peer.runs},
    check: {ours: ours.check, peer: peer.check},
    isSameWork: ours.check === null || peer.check === null || isClose(ours.check, peer.check),
    threads: {ours: ours.threads, peer: peer.threads},
    setting: peer.setting,
    failures: [...ours.failures.map((text) => `ours ${text}`), ...peer.failures.map((text) => `peer ${text}`)],
  }
}

function summarize({work, size}: Benchmark, found: readonly (Measurement | Failure)[]) {
  const measured = found.filter((one): one is Measurement => 'seconds' in one)
  const failures = [...new Set(found.flatMap((one) => ('failure' in one ? [one.failure] : [])))]
  const rates = measured.flatMap(({seconds}) => seconds.map((each) => unitsOf(work, size) / each))
  const has = measured.length > 0
  return {
    failures,
    runs: rates.length,
    rate: has ? median(rates) : null,
    spread: has ? {min: minOf(rates), max: maxOf(rates)} : null,
    peakRss: has ? maxOf(measured.map(({peakRss}) => peakRss)) : null,
    check: has ? measured[0].check : null,
    threads: has ? measured[0].threads : null,
    setting: has ? measured[0].setting : '',
  }
}

/** The middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function divide(ours: number | null, peer: number | null): number | null {
  return ours === null || peer === null ? null : ours / peer
}

function isClose(a: number, b: number): boolean {
  return Math.abs(a - b) <= checkTolerance * Math.max(Math.abs(a), Math.abs(b))
}
