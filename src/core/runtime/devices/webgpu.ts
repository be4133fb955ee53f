import {hostMemory} from './cpu.js'
import type {DeviceKind} from './device-kind.js'

/** GPUs through WebGPU, as onnxruntime takes them. Their own memory is not looked at: all is counted as on the host. */
export const webgpu: DeviceKind = {
  session: {executionProviders: ['webgpu']},
  isBuiltIn: false,
  readsInPlace: false,
  precisions: ['float32', 'float16-rounded'],
  memory: hostMemory,
}
