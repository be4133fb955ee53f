import {spawnSync} from 'node:child_process'
import type {Environment} from './library-search.js'

/** A GPU as NVIDIA's driver describes it. */
export interface Gpu {
  readonly name: string
  readonly totalBytes: number
  /** Not in use by anybody when it was asked. */
  readonly freeBytes: number
}

/** The GPU that CUDA would take, or why it is not known. */
export type FoundGpu = {readonly gpu: Gpu; readonly reason: ''} | {readonly gpu: null; readonly reason: string}

interface Listed extends Gpu {
  readonly index: string
  readonly uuid: string
}

const program = 'nvidia-smi'
const columns = ['index', 'uuid', 'memory.total', 'memory.free', 'name']
const mebibyte = 2 ** 20

/**
 * Asks NVIDIA's driver, through `nvidia-smi`, for the GPU that onnxruntime would take: the first that CUDA sees.
 *
 * @param env CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER decide which one that is; PATH where the program is looked for
 */
export function findGpu(env: Environment): FoundGpu {
  const query = [`--query-gpu=${columns.join(',')}`, '--format=csv,noheader,nounits']
  const {error, status, stdout, stderr} = spawnSync(program, query, {encoding: 'utf8', env, timeout: 15_000})
  if (error) return unknown((error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not on the PATH' : error.message)
  if (status !== 0) return unknown(`says: ${firstLine(stderr) || firstLine(stdout) || `status ${status}`}`)
  const listed = stdout.split('\n').filter(Boolean).map(read)
  const seen = seenBy(listed, env)
  if (seen.length === 0)
    return unknown(`lists no GPU that CUDA sees (CUDA_VISIBLE_DEVICES=${env.CUDA_VISIBLE_DEVICES ?? ''})`)
  const silent = seen.find((gpu) => !(gpu.totalBytes >= 0 && gpu.freeBytes >= 0))
  if (silent) return unknown(`does not know the memory of ${silent.name}`)
  // Of several that may be meant, that with least room: what fits there fits on all.
  const {name, totalBytes, freeBytes} = seen.reduce((least, one) => (one.freeBytes < least.freeBytes ? one : least))
  return {gpu: {name, totalBytes, freeBytes}, reason: ''}
}

function unknown(what: string): FoundGpu {
  return {gpu: null, reason: `${program} ${what}`}
}

/** `0, GPU-1c2f, 81559, 80994, NVIDIA H100 80GB HBM3`; a number that the driver does not know is a word in brackets. */
function read(line: string): Listed {
  const [index, uuid, total, free, ...name] = line.split(', ')
  return {index, uuid, totalBytes: mebibyte * Number(total), freeBytes: mebibyte * Number(free), name: name.join(', ')}
}

/** Those of which CUDA may take the first: one, unless GPUs differ and CUDA numbers them by their speed. */
function seenBy(listed: readonly Listed[], env: Environment): readonly Listed[] {
  const visible = env.CUDA_VISIBLE_DEVICES
  const [first] = (visible ?? '0').split(',').map((name) => name.trim())
  if (!/^\d+$/.test(first)) return first ? listed.filter(({uuid}) => uuid.startsWith(first)) : []
  const isAlike = listed.every(({name}) => name === listed[0].name)
  if (isAlike || env.CUDA_DEVICE_ORDER === 'PCI_BUS_ID') return listed.filter(({index}) => index === first)
  return Number(first) < listed.length ? listed : []
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]
}
