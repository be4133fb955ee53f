import {encodeModel} from '../onnx/encode.js'
import {Graph} from '../onnx/graph.js'
import {Ops} from '../onnx/ops.js'
import {RuntimeFailure} from '../util/errors.js'
import type {DeviceKind} from './devices/device-kind.js'
import {type Device, devices} from './devices.js'
import {passGate} from './exit-gate.js'
import ort from './onnxruntime.js'

/** Whether one execution provider of onnxruntime really runs a graph here. */
export interface ProviderProbe {
  readonly name: string
  readonly bundled: boolean
  readonly loads: boolean
  /** Why it does not load; empty when it does. */
  readonly reason: string
}

/** Version of the onnxruntime library in use. */
export function runtimeVersion(): string {
  return ort.env.versions.node ?? ort.env.versions.common
}

/** Tries every provider that onnxruntime-node knows on a graph of one addition. */
export async function probeProviders(): Promise<ProviderProbe[]> {
  const model = additionModel()
  const probes: ProviderProbe[] = []
  for (const {name, bundled} of ort.listSupportedBackends())
    probes.push({name, bundled, ...(await probeSafely(name, {executionProviders: [name]}, model))})
  return probes
}

/**
 * Checks that graphs can run on a device, before anything is read for it.
 *
 * @throws {RuntimeFailure} when its provider does not load
 */
export async function checkDevice(device: Device): Promise<void> {
  const {isBuiltIn, session, diagnose} = devices[device]
  if (isBuiltIn) return
  const {loads, reason} = await probeSafely(device, session, additionModel())
  if (loads) return
  const found = await diagnose?.(process.env)
  throw new RuntimeFailure(`device ${device} is not available here: ${reasonsOf(found?.reason, reason)}`, {
    suggestions: [...(found?.remedies ?? []), 'rpt doctor says which devices load', 'use --device cpu'],
  })
}

function additionModel(): Uint8Array {
  const op = new Ops(new Graph())
  const x = op.input('x', [1])
  op.graph.output('y', op.add(x, x))
  return encodeModel(op.graph)
}

// The library's own coloured lines on stderr would say again what the error says.
ort.env.logLevel = 'fatal'

/** What the files show, and what the library said where that is something else. */
function reasonsOf(found: string | undefined, said: string): string {
  return found === undefined || found === said ? said : `${found} (${said})`
}

/** As `probe`; a provider that its device calls unsafe is not loaded. */
async function probeSafely(name: string, options: DeviceKind['session'], model: Uint8Array) {
  const kind = Object.hasOwn(devices, name) ? devices[name as Device] : undefined
  const found = await kind?.diagnose?.(process.env)
  return found?.isUnsafe ? {loads: false, reason: found.reason} : probe(options, model)
}

async function probe(options: DeviceKind['session'], model: Uint8Array): Promise<{loads: boolean; reason: string}> {
  try {
    await passGate(async () => {
      const session = await ort.InferenceSession.create(model, {...options, logSeverityLevel: 4})
      await session.run({x: new ort.Tensor('float32', Float32Array.of(1), [1])})
      await session.release()
    })
    return {loads: true, reason: ''}
  } catch (error) {
    return {loads: false, reason: reasonOf(error as Error)}
  }
}

/** The first line of a native error, without the place in the C++ source that comes before the words. */
function reasonOf({message}: Error): string {
  const [line] = message.split('\n')
  return line
    .replace(/^OrtSessionOptionsAppendExecutionProvider_\w+: /, '')
    .replace(/^\S+\.(cc|cpp|h):\d+ .*?\b(was false|false)\. /, '')
    .trim()
}
