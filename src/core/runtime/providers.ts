import ort from 'onnxruntime-node'
import {encodeModel} from '../onnx/encode.js'
import {Graph} from '../onnx/graph.js'
import {Ops} from '../onnx/ops.js'

/** What the user may ask to compute on. */
export type Device = 'auto' | 'cpu' | 'cuda' | 'webgpu'

/** Whether one execution provider of onnxruntime really runs a graph here. */
export interface ProviderProbe {
  readonly name: string
  readonly bundled: boolean
  readonly loads: boolean
  /** Why it does not load; empty when it does. */
  readonly reason: string
}

/** The providers that a device setting stands for; `auto` is the CPU, the one place where runs repeat bit for bit. */
export function executionProviders(device: Device): string[] {
  return [device === 'auto' ? 'cpu' : device]
}

/** Version of the onnxruntime library in use. */
export function runtimeVersion(): string {
  return ort.env.versions.node ?? ort.env.versions.common
}

/** Tries every provider that onnxruntime-node knows on a graph of one addition. */
export async function probeProviders(): Promise<ProviderProbe[]> {
  const op = new Ops(new Graph())
  const x = op.input('x', [1])
  op.graph.output('y', op.add(x, x))
  const model = encodeModel(op.graph)
  const probes: ProviderProbe[] = []
  for (const {name, bundled} of ort.listSupportedBackends()) probes.push({name, bundled, ...(await probe(name, model))})
  return probes
}

async function probe(provider: string, model: Uint8Array): Promise<{loads: boolean; reason: string}> {
  try {
    const session = await ort.InferenceSession.create(model, {executionProviders: [provider], logSeverityLevel: 4})
    await session.run({x: new ort.Tensor('float32', Float32Array.of(1), [1])})
    await session.release()
    return {loads: true, reason: ''}
  } catch (error) {
    return {loads: false, reason: (error as Error).message.split('\n')[0]}
  }
}
