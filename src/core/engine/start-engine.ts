import {availableParallelism} from 'node:os'
import {SHARE_ENV} from 'node:worker_threads'
import type {PrecisionName} from '../config/names.js'
import {type Device, devices} from '../runtime/devices.js'
import {createGate, leaveThroughGate} from '../runtime/exit-gate.js'
import {RuntimeFailure} from '../util/errors.js'
import {startThread} from '../util/start-thread.js'
import {type Tell, tellNobody} from '../util/tell.js'
import type {Engine, WeightSource} from './engine.js'
import {type DescribedError, reviveError} from './error-transfer.js'
import {describeModel} from './state/describe-model.js'
import type {EngineCall, EngineMethod, EngineStart} from './worker.js'

/** What a call came to. */
interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: DescribedError
}

/** How far a call is. */
interface Words {
  readonly words: string
}

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

const methods = Object.keys({
  load: true,
  keepReference: true,
  keepAverage: true,
  blendAverage: true,
  score: true,
  logprobs: true,
  rollout: true,
  updatePolicy: true,
  updateLanguageModel: true,
  save: true,
  restoreOptimizer: true,
  passedBytes: true,
  peakMemory: true,
  close: true,
} satisfies Record<EngineMethod, true>) as EngineMethod[]

/** See the keys of the configuration. */
interface EngineSettings {
  readonly device: Device
  readonly precision?: PrecisionName
  readonly threads: number
  readonly memory?: {readonly limitGiB?: number; readonly deviceLimitGiB?: number}
}

/**
 * Starts an engine in a worker thread, so that progress and Ctrl-C work while graphs run.
 *
 * @param settings `threads` 0 means one per core
 */
export function startEngine({device, precision, threads, memory}: EngineSettings): Engine {
  const gate = createGate()
  const limitGiB = devices[device].memory.isApart ? memory?.deviceLimitGiB : memory?.limitGiB
  const options = {device, precision, threads: threads || availableParallelism(), limitGiB}
  const workerData: EngineStart = {gate, options}
  // The environment is shared, because only then the native library sees what is set in it (runtime/telemetry.ts).
  const worker = startThread(new URL('./worker.js', import.meta.url), {workerData, env: SHARE_ENV})
  const leave = (status: number) => leaveThroughGate(gate, status)
  process.on('exit', leave)
  const waiting = new Map<number, Waiting>()
  let calls = 0
  let tell = tellNobody
  let ended: Error | null = null
  const failAll = (error: Error) => {
    ended ??= error
    for (const {reject} of waiting.values()) reject(error)
    waiting.clear()
  }
  worker.on('message', (message: Answer | Words) => {
    if ('words' in message) return tell(message.words)
    const {id, result, error} = message
    const caller = waiting.get(id)
    waiting.delete(id)
    if (error) caller?.reject(reviveError(error))
    else caller?.resolve(result)
  })
  worker.on('error', (cause) => failAll(new RuntimeFailure(`the engine thread failed: ${cause.message}`, {cause})))
  worker.on('exit', (code) => {
    process.off('exit', leave)
    failAll(new RuntimeFailure(`the engine thread ended with code ${code}`))
  })

  const call =
    (method: EngineMethod) =>
    (...args: unknown[]) =>
      new Promise((resolve, reject) => {
        // A thread that is gone is closed; whatever else is asked of it fails for the reason it ended.
        if (ended) return method === 'close' ? resolve(undefined) : reject(ended)
        const request: EngineCall = {id: calls++, method, args}
        waiting.set(request.id, {resolve, reject})
        worker.postMessage(request)
      })
  const watch = (listener: Tell) => {
    tell = listener
  }
  const load = async (source: WeightSource) => call('load')(source, await describeModel(source))
  return {...Object.fromEntries(methods.map((method) => [method, call(method)])), load, watch} as unknown as Engine
}
