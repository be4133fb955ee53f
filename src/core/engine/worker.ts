import {parentPort, workerData} from 'node:worker_threads'
import {type ExitGate, useGate} from '../runtime/exit-gate.js'
import {tellNowAndThen} from '../util/tell.js'
import {ComputingEngine} from './computing-engine.js'
import type {Engine, EngineOptions} from './engine.js'
import {describeError} from './error-transfer.js'

/** What the thread is started with. */
export interface EngineStart {
  readonly gate: ExitGate
  readonly options: EngineOptions
}

/** What the thread is asked for; who watches it is the other side's business. */
export type EngineMethod = Exclude<keyof Engine, 'watch'>

/** A call from the main thread. */
export interface EngineCall {
  readonly id: number
  readonly method: EngineMethod
  readonly args: readonly unknown[]
}

const {gate, options}: EngineStart = workerData
useGate(gate)
const engine = new ComputingEngine(options)
engine.watch(tellNowAndThen((words) => parentPort!.postMessage({words})))

parentPort!.on('message', async ({id, method, args}: EngineCall) => {
  try {
    const call = engine[method] as (...args: unknown[]) => Promise<unknown>
    parentPort!.postMessage({id, result: await call.apply(engine, [...args])})
  } catch (error) {
    parentPort!.postMessage({id, error: describeError(error)})
  }
  if (method === 'close') parentPort!.close()
})
