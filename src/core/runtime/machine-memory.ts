import {existsSync, readFileSync} from 'node:fs'
import {freemem} from 'node:os'
import {join} from 'node:path'
import {minOf} from '../util/extremes.js'

/** Files of a control group by version of the interface: limit, use, and the line of `memory.stat` that can be freed. */
const interfaces = [
  {controller: '', limit: 'memory.max', used: 'memory.current', freeable: 'inactive_file'},
  {
    controller: 'memory',
    limit: 'memory.limit_in_bytes',
    used: 'memory.usage_in_bytes',
    freeable: 'total_inactive_file',
  },
]

/**
 * Memory that this process can have in all, bytes: what is free or can be freed, within the limits of its control groups,
 * and what it holds already.
 *
 * @param root stands for `/` in tests
 */
export function availableMemory(root = '/', heldBytes = process.memoryUsage().rss): number {
  return minOf([memAvailable(root) ?? freemem(), ...leftInGroups(root)]) + heldBytes
}

function memAvailable(root: string): number | null {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(read(join(root, 'proc/meminfo')) ?? '')?.[1]
  return kib === undefined ? null : Number(kib) * 1024
}

/** Bytes that the process's own group and each that encloses it have left; none where there is no limit. */
function leftInGroups(root: string): number[] {
  const own = /^(?:0:|\d+:[^:\n]*\bmemory\b[^:\n]*):(\/.*)$/gm
  const paths = [...(read(join(root, 'proc/self/cgroup')) ?? '').matchAll(own)].flatMap(([, path]) => enclosing(path))
  return interfaces.flatMap(({controller, ...files}) =>
    [...new Set(['', ...paths])].flatMap((path) => leftIn(join(root, 'sys/fs/cgroup', controller, path), files)),
  )
}

/** `/a/b` -> `/a`, `/a/b`. */
function enclosing(path: string): string[] {
  const names = path.split('/').filter(Boolean)
  return names.map((_, index) => names.slice(0, index + 1).join('/'))
}

function leftIn(folder: string, files: Omit<(typeof interfaces)[number], 'controller'>): number[] {
  const limit = Number(read(join(folder, files.limit)) ?? Number.NaN)
  if (!Number.isFinite(limit)) return []
  const used = Number(read(join(folder, files.used)) ?? 0)
  const stat = read(join(folder, 'memory.stat')) ?? ''
  return [limit - used + Number(new RegExp(`^${files.freeable} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0)]
}

function read(file: string): string | null {
  return existsSync(file) ? readFileSync(file, 'utf8') : null
}
