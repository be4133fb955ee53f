import {availableMemory} from '../machine-memory.js'
import type {DeviceKind, DeviceMemory} from './device-kind.js'

/** The memory of the machine; the factor is that of onnxruntime's arena, as measured (docs/how-to/memory.md). */
export const hostMemory: DeviceMemory = {
  availableBytes: (heldBytes) => availableMemory('/', heldBytes),
  arenaFactor: 1.15,
}

/** The processor: the one device on which runs repeat bit for bit. */
export const cpu: DeviceKind = {
  session: {executionProviders: ['cpu']},
  isBuiltIn: true,
  readsInPlace: true,
  memory: hostMemory,
}
