import type {PrecisionName} from '../../config/names.js'
import type ort from '../onnxruntime.js'

/** How much memory graphs take on a device, and how much there is for them. */
export interface DeviceMemory {
  /**
   * Memory that this process can have in all, bytes; null where that is not known.
   *
   * @param heldBytes what of it the process has already; measured when absent
   */
  availableBytes(heldBytes?: number): number | null
  /**
   * Bytes that the arena of a graph that keeps its memory takes for each byte that the graph holds at its fullest moment; null where
   * the arena lays tensors out as on the CPU, which is computed.
   */
  readonly arenaFactor: number | null
  /**
   * Whether it is the device's own: what graphs are fed, hold and hand out lies there while they run, everything else in
   * the host's memory. What a graph took stays until it is dropped.
   */
  readonly isApart: boolean
  /** Elements that a tensor may have: kernels count no further. Any number when absent. */
  readonly mostElements?: number
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
  /** How it can compute matrix products. */
  readonly precisions: readonly PrecisionName[]
  readonly memory: DeviceMemory
  /** Variables that the process has to be started with for the device to work as set; absent where it needs none. */
  environment?(
    env: Readonly<Record<string, string | undefined>>,
    settings: DeviceSettings,
  ): Promise<Record<string, string>>
  /** Whether its products of float32 matrices may be rounded to TF32, in a process with such variables; absent where none ever are. */
  roundsToTf32?(env: Readonly<Record<string, string | undefined>>): boolean
  /** What the device lacks here and what mends it, where its files show that; null where they show nothing. */
  diagnose?(env: Readonly<Record<string, string | undefined>>): Promise<Diagnosis | null>
}

/** Settings of single devices. */
export interface DeviceSettings {
  readonly cuda: {readonly tf32: boolean}
}

/** What a device lacks. */
export interface Diagnosis {
  readonly reason: string
  /** What to do, one sentence each. */
  readonly remedies: readonly string[]
  /** Whether its provider must not be loaded: it is of another build, and would crash or compute nonsense. */
  readonly isUnsafe: boolean
}
