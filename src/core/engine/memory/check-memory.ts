import type {DeviceKind} from '../../runtime/devices/device-kind.js'
import {type Device, devices} from '../../runtime/devices.js'
import {UsageError} from '../../util/errors.js'
import {sessionBudget, sessionCapacity} from '../sessions/session-memory.js'
import type {EngineWork, WorkKind} from './engine-work.js'
import {estimateMemory, type MemoryEstimate} from './memory.js'

/** A setting that decides how large graphs are: lower, they need less memory. */
export interface SizeSetting {
  /** Config key. */
  readonly setting: string
  readonly value: number
  /** The work whose graphs it makes smaller. */
  readonly kinds: readonly WorkKind[]
  /** The smallest value worth a try. */
  readonly least: number
  /** The work when the setting has another value. */
  at(value: number): EngineWork
}

/** Work of one engine, where it runs, and the settings that shrink it, those to try first in front. */
export interface MemoryDemand {
  readonly work: EngineWork
  readonly device: Device
  readonly sizes: readonly SizeSetting[]
  /** What else to try where it does not fit. */
  readonly remedy?: string
}

/** See the keys of `memory` in the configuration. */
export interface MemorySettings {
  readonly check: boolean
  readonly limitGiB?: number
}

/** An estimate against what the device has. */
export interface MemoryReport extends MemoryEstimate {
  /** Less than the total where graphs have to take turns. */
  readonly neededBytes: number
  readonly availableBytes: number
  /** What graphs of other lengths may keep besides. */
  readonly spareBytes: number
  readonly fits: boolean
  /** The setting that shrinks the largest class of tensors; null where only a smaller model does. */
  readonly setting: string | null
}

/** Estimates the memory of some work and compares it with what there is. */
export function reportMemory({work, device, sizes}: MemoryDemand, {limitGiB}: MemorySettings): MemoryReport {
  const kind = devices[device]
  const estimate = estimateMemory(work, kind)
  const availableBytes = limitGiB === undefined ? kind.memory.availableBytes() : limitGiB * 2 ** 30
  const setting = sizeFor(sizes, estimate.largest)?.setting ?? null
  const neededBytes = neededOf(estimate, availableBytes)
  const spareBytes = Math.max(0, Math.min(keptBesides(estimate, availableBytes), availableBytes - neededBytes))
  return {...estimate, neededBytes, availableBytes, spareBytes, fits: neededBytes <= availableBytes, setting}
}

/** What graphs of other lengths may keep: none is larger than the largest, and there are no more than the cache takes. */
function keptBesides({keptBytes}: MemoryEstimate, availableBytes: number): number {
  const [largest = 0] = keptBytes.toSorted((a, b) => b - a)
  const kept = keptBytes.reduce((sum, bytes) => sum + bytes, 0)
  return Math.min(sessionBudget(availableBytes) - kept, (sessionCapacity - keptBytes.length) * largest)
}

/** Graphs that hold more than the budget for compiled ones take turns, but for the two largest. */
function neededOf({totalBytes, graphBytes}: MemoryEstimate, availableBytes: number): number {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  const largestTwo = sum(graphBytes.toSorted((a, b) => b - a).slice(0, 2))
  const kept = Math.max(sessionBudget(availableBytes), largestTwo)
  return totalBytes - Math.max(0, sum(graphBytes) - kept)
}

/**
 * Says in one line what some work needs and refuses it where that cannot fit, unless `memory.check` is off.
 *
 * @param doing names the command in the refusal
 * @throws {UsageError} with both numbers, the largest class of tensors, and the setting that helps with a value that fits
 */
export function checkMemory(doing: string, demand: MemoryDemand, settings: MemorySettings): string {
  const report = reportMemory(demand, settings)
  const {fits, neededBytes, availableBytes} = report
  if (fits || !settings.check) return `${describe(report)}${fits ? '' : '; that is more than there is'}`
  throw new UsageError(
    `${doing}: needs about ${gib(neededBytes)} of memory, ${gib(availableBytes)} are available; ${largestIn(report)}`,
    {
      suggestions: [
        ...(demand.remedy ? [demand.remedy] : []),
        remedy(demand, report),
        'give --set memory.check=false to try nevertheless, or memory.limitGiB if more is available',
      ],
    },
  )
}

function describe(report: MemoryReport): string {
  const {neededBytes, availableBytes, spareBytes, setting} = report
  const most = spareBytes > 0 ? `, at most ${gib(neededBytes + spareBytes)} with the graphs that are kept` : ''
  const shrink = setting ? ` (shrink with ${setting})` : ''
  return `memory: about ${gib(neededBytes)}${most}, of ${gib(availableBytes)} available; ${largestIn(report)}${shrink}`
}

/** `the largest part is activations of the update, 2.90 GiB (82%)`. */
function largestIn({largest, totalBytes}: MemoryEstimate): string {
  const share = Math.round((100 * largest.bytes) / totalBytes)
  return `the largest part is ${largest.name}, ${gib(largest.bytes)} (${share}%)`
}

/** `1.25 GiB`; small amounts in MiB. */
function gib(bytes: number): string {
  return bytes < 2 ** 30 ? `${Math.ceil(bytes / 2 ** 20)} MiB` : `${(bytes / 2 ** 30).toFixed(2)} GiB`
}

function sizeFor(sizes: readonly SizeSetting[], {kind}: {readonly kind?: WorkKind}): SizeSetting | undefined {
  return sizes.find(({kinds, value, least}) => kind !== undefined && kinds.includes(kind) && value > least)
}

/** The setting and value, halved until it fits; the one that shrinks the largest class is tried first. */
function remedy({device, sizes}: MemoryDemand, {availableBytes, largest}: MemoryReport): string {
  const first = sizeFor(sizes, largest)
  for (const size of first ? [first, ...sizes.filter((other) => other !== first)] : sizes) {
    const value = fittingValue(size, devices[device], availableBytes)
    if (value !== null) return `lower ${size.setting} from ${size.value} to ${value}`
  }
  const together = sizes.filter(({value, least}) => value > least).map(({setting}) => setting)
  return together.length > 0 ? `no single setting is enough: lower ${together.join(', ')}` : 'use a smaller model'
}

function fittingValue(
  {value: start, least, at}: SizeSetting,
  device: DeviceKind,
  availableBytes: number,
): number | null {
  for (let value = Math.floor(start / 2); value >= least; value = Math.floor(value / 2))
    if (neededOf(estimateMemory(at(value), device), availableBytes) <= availableBytes) return value
  return null
}
