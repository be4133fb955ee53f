import type {PrecisionName} from '../config/names.js'
import {encodeModel} from '../onnx/encode.js'
import type {Graph} from '../onnx/graph.js'
import {largestTensor} from '../onnx/largest-tensor.js'
import type {DType} from '../onnx/types.js'
import {GraphError, RuntimeFailure} from '../util/errors.js'
import {sizeOf} from '../util/shape.js'
import {type Device, devices} from './devices.js'
import {passGate} from './exit-gate.js'
import {halfCopyOf} from './half-copies.js'
import ort from './onnxruntime.js'
import {countOutputs, freeArray, freeOutputs} from './output-memory.js'
import {countRun, type GraphTraffic, trafficOf} from './traffic.js'

/** Elements of a tensor in host memory, row-major (bool as bytes 0 and 1). */
export type TensorData = Float32Array | Float64Array | BigInt64Array | Uint8Array

/** What every session of one process shares. */
export interface SessionOptions {
  readonly device: Device
  /** Threads of one operator. */
  readonly threads: number
  /** How matrix products are computed; float32 when absent. */
  readonly precision?: PrecisionName
}

/**
 * A graph compiled for a device.
 *
 * Inputs are fed by name and, where the device can, read in place. Outputs are new arrays.
 */
export class Session {
  private readonly traffic: GraphTraffic

  private constructor(
    private readonly session: ort.InferenceSession,
    private readonly graph: Graph,
    private readonly device: Device,
  ) {
    this.traffic = trafficOf(graph)
  }

  /**
   * Compiles a graph.
   *
   * @param keepsMemory whether memory taken by a run stays for the next one: faster where large tensors come and go
   * @throws {RuntimeFailure} when onnxruntime refuses the graph or the device, or a tensor has more elements than it takes
   */
  static async compile(graph: Graph, {device, threads}: SessionOptions, keepsMemory = true): Promise<Session> {
    checkElements(graph, device)
    try {
      const options: ort.InferenceSession.SessionOptions = {
        ...devices[device].session,
        graphOptimizationLevel: 'all',
        executionMode: 'sequential',
        // A planned arena was no faster and twice as large (docs/decisions).
        enableMemPattern: false,
        enableCpuMemArena: keepsMemory,
        intraOpNumThreads: threads,
        logSeverityLevel: 3,
      }
      const model = encodeModel(graph)
      return new Session(await passGate(() => ort.InferenceSession.create(model, options)), graph, device)
    } catch (error) {
      throw new RuntimeFailure(`compiling a graph for device ${device}: ${(error as Error).message}`, {cause: error})
    }
  }

  /**
   * Runs the graph.
   *
   * @param feeds one array per graph input, with as many elements as its shape; float32 for inputs of float16
   * @param into arrays that outputs are written to, by name; they must not overlap with what is fed
   * @returns one array per graph output
   * @throws {GraphError} when a feed is missing, or an array has a wrong size
   * @throws {RuntimeFailure} when onnxruntime fails, for lack of memory for example
   */
  async run(
    feeds: Readonly<Record<string, TensorData>>,
    into: Readonly<Record<string, TensorData>> = {},
  ): Promise<Record<string, TensorData>> {
    const tensors: Record<string, ort.Tensor> = {}
    for (const {name, dtype, shape} of this.graph.inputs) tensors[name] = tensorOf(name, dtype, shape, feeds[name])
    const fetches: Record<string, ort.Tensor | null> = {}
    for (const {name, value} of this.graph.outputs)
      fetches[name] = into[name] ? tensorOf(name, value.dtype, value.shape, into[name]) : null
    freeOutputs()
    const results = await this.runNatively(tensors, fetches)
    countRun(this.traffic)
    const outputs = Object.entries(results).map(([name, {data}]) => [name, keepOne(data as TensorData, into[name])])
    return Object.fromEntries(outputs) as Record<string, TensorData>
  }

  private async runNatively(
    feeds: Record<string, ort.Tensor>,
    fetches: Record<string, ort.Tensor | null>,
  ): Promise<ort.InferenceSession.ReturnType> {
    try {
      return await passGate(() => this.session.run(feeds, fetches))
    } catch (error) {
      throw new RuntimeFailure(`running a graph on device ${this.device}: ${(error as Error).message}`, {cause: error})
    }
  }

  /** Frees the native session. */
  async release(): Promise<void> {
    await passGate(() => this.session.release())
  }
}

/** The array that an output was to be written to, if there is one: onnxruntime returns a copy all the same. */
function keepOne(returned: TensorData, written: TensorData | undefined): TensorData {
  if (written === undefined) countOutputs(returned.byteLength)
  else if (returned.buffer !== written.buffer) freeArray(returned)
  return written ?? returned
}

function checkElements(graph: Graph, device: Device): void {
  const {mostElements = Number.POSITIVE_INFINITY} = devices[device].memory
  const largest = largestTensor(graph)
  if (largest === null || largest.elements <= mostElements) return
  const {value, elements} = largest
  throw new RuntimeFailure(
    `compiling a graph for device ${device}: ${value.name} of shape [${value.shape}] has ${elements} elements; the device can address at most ${mostElements}`,
    {suggestions: ['compute less at once: smaller micro-batches or batches', 'set update.mode to segmented']},
  )
}

function tensorOf(name: string, dtype: DType, shape: readonly number[], data: TensorData | undefined): ort.Tensor {
  if (!data) throw new GraphError(`graph input ${name} was not fed`)
  if (data.length !== sizeOf(shape))
    throw new GraphError(`${name} of shape [${shape}] was given an array of ${data.length} elements`)
  const elements = dtype === 'float16' ? halfCopyOf(data as Float32Array) : data
  return new ort.Tensor(dtype, elements as never, shape)
}
