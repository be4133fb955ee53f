import {hostMemory} from './cpu.js'
import type {DeviceKind} from './device-kind.js'

/** GPUs of NVIDIA, as onnxruntime takes them. Their own memory is not looked at: all is counted as on the host. */
export const cuda: DeviceKind = {
  session: {executionProviders: ['cuda']},
  isBuiltIn: false,
  readsInPlace: false,
  memory: hostMemory,
}
