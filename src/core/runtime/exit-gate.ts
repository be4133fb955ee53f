import {ExitCode} from '../util/errors.js'

/**
 * Passed by every call of the native library, so that a process can end while a thread computes: Node.js ends its threads
 * first, and a thread that is ended inside of such a call aborts the whole process (status 134).
 */
export type ExitGate = Int32Array<SharedArrayBuffer>

/** Words of a gate: whether the process is leaving, and how many native calls the thread is in. */
const leaving = 0
const inside = 1

let ownGate: ExitGate | undefined

/** A gate for a thread that is about to start; while it starts, and loads the library, it counts as inside. */
export function createGate(): ExitGate {
  const gate = new Int32Array(new SharedArrayBuffer(8))
  gate[inside] = 1
  return gate
}

/** Called by the thread once it has started: from now on its native calls pass this gate. */
export function useGate(gate: ExitGate): void {
  ownGate = gate
  leave(gate)
}

/** Makes a native call; where the process is leaving, it is never made and never answered. */
export async function passGate<T>(call: () => Promise<T>): Promise<T> {
  if (!ownGate) return call()
  const gate = ownGate
  Atomics.add(gate, inside, 1)
  if (Atomics.load(gate, leaving) === 1) {
    leave(gate)
    return new Promise(() => {})
  }
  try {
    return await call()
  } finally {
    leave(gate)
  }
}

/**
 * For a listener of the process's `exit`: lets no further native call begin, waits for the present one, and where that takes
 * too long ends the process by a signal, which a shell shows as 130 too: nobody waits for seconds after a second Ctrl-C.
 */
export function leaveThroughGate(gate: ExitGate, status: number): void {
  const isInterrupted = status === ExitCode.interrupted
  if (closeGate(gate, isInterrupted ? 500 : 5000)) return
  const signal = isInterrupted ? 'SIGINT' : 'SIGKILL'
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}

/** @returns whether the thread is outside of all native calls and stays there */
export function closeGate(gate: ExitGate, milliseconds: number): boolean {
  Atomics.store(gate, leaving, 1)
  const end = performance.now() + milliseconds
  for (let count = Atomics.load(gate, inside); count > 0; count = Atomics.load(gate, inside)) {
    const rest = end - performance.now()
    if (rest <= 0) return false
    Atomics.wait(gate, inside, count, rest)
  }
  return true
}

function leave(gate: ExitGate): void {
  Atomics.sub(gate, inside, 1)
  Atomics.notify(gate, inside)
}
