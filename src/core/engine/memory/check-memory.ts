import {hostMemory} from '../../runtime/devices/cpu.js'
import type {DeviceKind} from '../../runtime/devices/device-kind.js'
import {type Device, devices} from '../../runtime/devices.js'
import {UsageError} from '../../util/errors.js'
import {sumOf} from '../../util/means.js'
import {sessionBudget} from '../sessions/session-memory.js'
import type {EngineWork, WorkKind} from './engine-work.js'
import {estimateMemories, type MemoryEstimate} from './memory.js'

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
  readonly deviceLimitGiB?: number
}

/** An estimate against what there is in one memory. */
export interface PlaceReport extends MemoryEstimate {
  /** Less than the total where graphs have to take turns. */
  readonly neededBytes: number
  /** Null where it is not known. */
  readonly availableBytes: number | null
  /** What graphs of other lengths may keep besides. */
  readonly spareBytes: number
  readonly fits: boolean
  /** The setting that shrinks the largest class of tensors; null where only a smaller model does. */
  readonly setting: string | null
}

/** The host's memory, and that of the device where it has its own. */
export interface MemoryReport extends PlaceReport {
  readonly availableBytes: number
  readonly device: PlaceReport | null
}

/** Estimates the memory that work needs, in bytes, and compares it with what is available. */
export function reportMemory({work, device, sizes}: MemoryDemand, settings: MemorySettings): MemoryReport {
  const kind = devices[device]
  const {host, device: own} = estimateMemories(work, kind)
  const available = availableIn(kind, settings)
  return {
    ...reportPlace(host, available.host, sizes),
    availableBytes: available.host,
    device: own && reportPlace(own, available.device, sizes, kind),
  }
}

/** Whether work fits into the host's memory and, where there is one, the device's. */
export function fitsEverywhere({fits, device}: MemoryReport): boolean {
  return fits && (device?.fits ?? true)
}

interface Available {
  readonly host: number
  /** Null where it is not known. */
  readonly device: number | null
}

function availableIn({memory}: DeviceKind, {limitGiB, deviceLimitGiB}: MemorySettings): Available {
  const limited = (limit: number | undefined, measure: () => number | null) =>
    limit === undefined ? measure() : limit * 2 ** 30
  const host = memory.isApart ? hostMemory : memory
  return {
    host: limited(limitGiB, () => host.availableBytes()) ?? hostMemory.availableBytes(),
    device: memory.isApart ? limited(deviceLimitGiB, () => memory.availableBytes()) : null,
  }
}

function reportPlace(
  estimate: MemoryEstimate,
  availableBytes: number | null,
  sizes: readonly SizeSetting[],
  kind?: DeviceKind,
): PlaceReport {
  const setting = sizeFor(sizes, estimate.largest)?.setting ?? null
  const room = availableBytes ?? Number.POSITIVE_INFINITY
  const neededBytes = neededOf(estimate, room)
  const kept = sumOf(estimate.keptBytes)
  const spareBytes = Math.max(0, Math.min(estimate.othersBytes, sessionBudget(room) - kept, room - neededBytes))
  const fits = neededBytes <= room && isAddressed(estimate, kind)
  return {...estimate, neededBytes, availableBytes, spareBytes, fits, setting}
}

/** Whether every tensor has few enough elements for the device. */
function isAddressed({mostElements = 0}: MemoryEstimate, kind?: DeviceKind): boolean {
  return mostElements <= (kind?.memory.mostElements ?? Number.POSITIVE_INFINITY)
}

/** Graphs that hold more than the budget for compiled ones take turns, but for the two largest. */
function neededOf({totalBytes, graphBytes}: MemoryEstimate, availableBytes: number): number {
  const largestTwo = sumOf(graphBytes.toSorted((a, b) => b - a).slice(0, 2))
  const kept = Math.max(sessionBudget(availableBytes), largestTwo)
  return totalBytes - Math.max(0, sumOf(graphBytes) - kept)
}

/**
 * Says what work needs, in one line for each memory, and refuses work that cannot fit, unless `memory.check` is off.
 *
 * @param doing names the command in the refusal
 * @throws {UsageError} with both numbers, the largest class of tensors, and the setting that helps with a value that fits
 */
export function checkMemory(doing: string, demand: MemoryDemand, settings: MemorySettings): string {
  const report = reportMemory(demand, settings)
  const places = placesOf(demand, report)
  const short = places.find(({of}) => !of.fits)
  if (!short || !settings.check)
    return places
      .map(({name, of}) => `${describe(name, of)}${of.fits ? '' : '; that is more than there is'}`)
      .join('\n')
  const {of, name, limit} = short
  const kind = devices[demand.device]
  const reason = isAddressed(of, kind)
    ? `needs about ${gib(of.neededBytes)} of ${name}, ${gib(of.availableBytes!)} are available; ${largestIn(of)}`
    : `a tensor has ${of.mostElements} elements; the ${demand.device} device takes ${kind.memory.mostElements}`
  throw new UsageError(`${doing}: ${reason}`, {
    suggestions: [
      ...(demand.remedy ? [demand.remedy] : []),
      remedy(demand, of, availableIn(kind, settings)),
      `give --set memory.check=false to try anyway, or ${limit} if more is available`,
    ],
  })
}

/** The memories that some work lies in, each with its name and the key that states how much there is. */
function placesOf({device}: MemoryDemand, report: MemoryReport) {
  const host = {name: 'memory', of: report as PlaceReport, limit: 'memory.limitGiB'}
  return report.device
    ? [host, {name: `memory of the ${device} device`, of: report.device, limit: 'memory.deviceLimitGiB'}]
    : [host]
}

function describe(name: string, {neededBytes, availableBytes, spareBytes, setting, ...report}: PlaceReport): string {
  const most = spareBytes > 0 ? `, ${gib(neededBytes + spareBytes)} with graphs of many lengths` : ''
  const shrink = setting ? ` (shrink with ${setting})` : ''
  const available = availableBytes === null ? 'an unknown amount' : gib(availableBytes)
  return `${name}: about ${gib(neededBytes)}${most}, of ${available} available; ${largestIn(report)}${shrink}`
}

/** `the largest part is activations of the update, 2.90 GiB (82%)`. */
function largestIn({largest, totalBytes}: Pick<MemoryEstimate, 'largest' | 'totalBytes'>): string {
  const share = Math.round((100 * largest.bytes) / Math.max(1, totalBytes))
  return `the largest part is ${largest.name}, ${gib(largest.bytes)} (${share}%)`
}

/** `1.25 GiB`; small amounts in MiB. */
export function gib(bytes: number): string {
  return bytes < 2 ** 30 ? `${Math.ceil(bytes / 2 ** 20)} MiB` : `${(bytes / 2 ** 30).toFixed(2)} GiB`
}

function sizeFor(sizes: readonly SizeSetting[], {kind}: {readonly kind?: WorkKind}): SizeSetting | undefined {
  return sizes.find(({kinds, value, least}) => kind !== undefined && kinds.includes(kind) && value > least)
}

/** The setting and value, halved until it fits; the one that shrinks the largest class is tried first. */
function remedy({device, sizes}: MemoryDemand, {largest}: PlaceReport, available: Available): string {
  const first = sizeFor(sizes, largest)
  for (const size of first ? [first, ...sizes.filter((other) => other !== first)] : sizes) {
    const value = fittingValue(size, devices[device], available)
    if (value !== null) return `lower ${size.setting} from ${size.value} to ${value}`
  }
  const together = sizes.filter(({value, least}) => value > least).map(({setting}) => setting)
  return together.length > 0 ? `no single setting is enough: lower ${together.join(', ')}` : 'use a smaller model'
}

function fittingValue({value: start, least, at}: SizeSetting, kind: DeviceKind, available: Available): number | null {
  const fits = (estimate: MemoryEstimate | null, room: number | null) =>
    estimate === null || (isAddressed(estimate, kind) && (room === null || neededOf(estimate, room) <= room))
  for (let value = Math.floor(start / 2); value >= least; value = Math.floor(value / 2)) {
    const {host, device} = estimateMemories(at(value), kind)
    if (fits(host, available.host) && fits(device, available.device)) return value
  }
  return null
}
