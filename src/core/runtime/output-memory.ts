import {setFlagsFromString} from 'node:v8'
import {runInNewContext} from 'node:vm'
import {MessageChannel, type MessagePort} from 'node:worker_threads'

/** Bytes of outputs after which garbage is collected. */
const limit = 256 * 2 ** 20

let collect: (() => void) | undefined
let handedOut = 0

/**
 * Counts memory that was handed out as outputs. onnxruntime copies each of them into a new array, which V8, whose own heap
 * is small, frees so late that two updates' gradients would be in memory at once.
 */
export function countOutputs(bytes: number): void {
  handedOut += bytes
}

/** A port that nobody listens at: what is transferred to it is gone. */
let nowhere: MessagePort | undefined

/**
 * Frees an array at once, which V8 would do late: the next run's output takes its memory, whose pages the system need not clear again.
 *
 * @param array that nobody reads any more; afterwards it has no elements
 */
export function freeArray({buffer}: {readonly buffer: ArrayBufferLike}): void {
  nowhere ??= portToNowhere()
  nowhere.postMessage(null, [buffer as ArrayBuffer])
}

/**
 * Frees an output at once, as `freeArray`.
 *
 * @param output that was counted when it was handed out, and that nobody reads any more
 */
export function freeOutput(output: Float32Array): void {
  handedOut -= output.byteLength
  freeArray(output)
}

function portToNowhere(): MessagePort {
  const {port1, port2} = new MessageChannel()
  port2.close()
  return port1
}

/** Frees outputs of this thread that nobody holds any more, where enough of them were handed out. */
export function freeOutputs(): void {
  if (handedOut >= limit) freeArrays()
}

/** Bytes that arrays must have grown by for a collection, which takes 20 ms, to be worth it. */
const worthCollecting = 16 * 2 ** 20

/** Bytes of arrays that were left when they were last the fewest. */
let leftBytes = 0

/** Frees the arrays of this thread that nobody holds any more, unless they can only be few: what sampling leaves need not be there during an update. */
export function freeArrays(): void {
  const bytes = arrayBytes()
  leftBytes = Math.min(leftBytes, bytes)
  if (bytes - leftBytes >= worthCollecting) freeAllArrays()
  handedOut = 0
}

/** Frees the arrays of this thread that nobody holds any more: also those that were in use when arrays were last freed, as a model's are. */
export function freeAllArrays(): void {
  collect ??= garbageCollector()
  collect()
  handedOut = 0
  leftBytes = arrayBytes()
}

function arrayBytes(): number {
  return process.memoryUsage().arrayBuffers
}

/** The collector that Node.js keeps from programs: a context made while the flag is set has it. */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc')
  try {
    return runInNewContext('gc')
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}
