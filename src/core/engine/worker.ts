import {parentPort, workerData} from 'node:worker_threads'
import {type ExitGate, useGate} from '../runtime/exit-gate.js'
import type {SessionOptions} from '../runtime/session.js'
import {type Engine, LocalEngine} from './engine.js'
import {describeError} from './error-transfer.js'

/** What the thread is started with. */
export interface EngineStart {
  readonly gate: ExitGate
  readonly options: SessionOptions
}

/** A call from the main thread and its answer. */
export interface EngineCall {
  readonly id: number
  readonly method: keyof Engine
  readonly args: readonly unknown[]
}

const {gate, options}: EngineStart = workerData
useGate(gate)
const engine = new LocalEngine(options)

parentPort!.on('message', async ({id, method, args}: EngineCall) => {
  try {
    const call = engine[method] as (...args: unknown[]) => Promise<unknown>
    parentPort!.postMessage({id, result: await call.apply(engine, [...args])})
  } catch (error) {
    parentPort!.postMessage({id, error: describeError(error)})
  }
  if (method === 'close') parentPort!.close()
})
