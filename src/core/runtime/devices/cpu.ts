import {availableMemory} from '../machine-memory.js'
import type {DeviceKind, DeviceMemory} from './device-kind.js'

/** The memory of the machine. */
export const hostMemory = {
  availableBytes: (heldBytes?: number) => availableMemory('/', heldBytes),
  arenaFactor: null,
  isApart: false,
} satisfies DeviceMemory

/** The processor: the one device on which runs repeat bit for bit. */
export const cpu: DeviceKind = {
  // Threads of one session that wait by spinning would take the processor from the next: updates layer by layer change often.
  session: {executionProviders: ['cpu'], extra: {session: {intra_op: {allow_spinning: '0'}}}},
  isBuiltIn: true,
  readsInPlace: true,
  // It would compute a chain of float16 products in float32, without rounding in between.
  precisions: ['float32', 'float16-rounded'],
  memory: hostMemory,
}
