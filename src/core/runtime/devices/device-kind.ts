import type ort from '../onnxruntime.js'

/** How much memory graphs take on a device, and how much there is for them. */
export interface DeviceMemory {
  /**
   * Memory that this process can have in all, bytes.
   *
   * @param heldBytes what of it the process has already; measured when absent
   */
  availableBytes(heldBytes?: number): number
  /** Bytes that the allocator takes for each byte that a graph holds at its fullest moment. */
  readonly arenaFactor: number
}

/** All that the program knows of a device: a new one is a file with such a row, and a line in `devices`. */
export interface DeviceKind {
  /** What onnxruntime is told besides when it compiles a graph: its execution providers, and their options. */
  readonly session: Pick<ort.InferenceSession.SessionOptions, 'executionProviders' | 'extra'>
  /** Whether every onnxruntime has it, so that it need not be tried before work begins. */
  readonly isBuiltIn: boolean
  /**
   * Whether runs read what they are fed in place, so that many short ones cost no more than one long one; elsewhere every
   * run copies the weights, and the whole sampling loop is one run.
   */
  readonly readsInPlace: boolean
  readonly memory: DeviceMemory
}
