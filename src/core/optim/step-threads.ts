import type {Worker} from 'node:worker_threads'
import {RuntimeFailure} from '../util/errors.js'
import {maxOf} from '../util/extremes.js'
import {startThread} from '../util/start-thread.js'
import {buffersOf, type StepJob, type SteppedTensor, takeStep} from './step-job.js'

/** Values that a thread must have to do, some 8 ms of work: below that a step is over before threads have been told of it. */
const leastValues = 2 ** 21

/** A thread, and why it hears nothing more; null while it lives. */
interface Helper {
  readonly worker: Worker
  ended: Error | null
}

/**
 * Takes AdamW steps on several threads. A weight and what belongs to it goes to a thread as a whole, by handing over its
 * memory, and comes back; nothing is copied, and every weight is computed as one thread would, bit for bit.
 */
export class StepThreads {
  private readonly helpers: (Helper | undefined)[] = []

  /**
   * @param threads at most, this one included; the others start when they are first needed
   * @param least values that a thread must have to do
   */
  constructor(
    private readonly threads: number,
    private readonly least: number = leastValues,
  ) {}

  /**
   * Takes a step.
   *
   * @returns the tensors in their order; their arrays replace those that were given, which may be empty now
   * @throws {RuntimeFailure} when a thread fails, which loses what it was given, or has ended since the last step, before any is
   *   given anything
   */
  async run(job: StepJob): Promise<readonly SteppedTensor[]> {
    for (const [index, helper] of this.helpers.entries())
      if (helper?.ended) throw this.failureOf(index, 'ended between two steps', helper.ended)
    const sizes = job.tensors.map(({weight}) => weight.length)
    const [own, ...others] = sharesOf(sizes, threadsFor(sizes, this.threads, this.least))
    const jobOf = (share: readonly number[]) => ({...job, tensors: share.map((index) => job.tensors[index])})
    const answers = others.map((share, i) => this.ask(i, jobOf(share)))
    const done = [...job.tensors]
    takeStep(jobOf(own))
    for (const [i, tensors] of (await Promise.all(answers)).entries())
      for (const [j, tensor] of tensors.entries()) done[others[i][j]] = tensor
    return done
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await Promise.all(this.helpers.splice(0).map((helper) => helper?.worker.terminate()))
  }

  /** The error about a thread, in whose place the next step starts another. */
  private failureOf(index: number, how: string, cause: Error): RuntimeFailure {
    void this.helpers[index]?.worker.terminate()
    delete this.helpers[index]
    return new RuntimeFailure(`a thread of the optimizer ${how}: ${cause.message}`, {
      cause,
      suggestions: ['run it again, with --resume where it trains', 'end other programs if memory is short'],
    })
  }

  private ask(index: number, job: StepJob): Promise<readonly SteppedTensor[]> {
    this.helpers[index] ??= startHelper()
    const {worker} = this.helpers[index]
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        worker.off('message', answer).off('messageerror', fail).off('error', fail).off('exit', end)
        // A thread that waits keeps no process alive.
        worker.unref()
        finish()
      }
      const answer = (tensors: readonly SteppedTensor[]) => settle(() => resolve(tensors))
      const fail = (cause: Error) => settle(() => reject(this.failureOf(index, 'failed', cause)))
      const end = (code: number) => fail(endOf(code))
      worker.ref()
      worker.on('message', answer).on('messageerror', fail).on('error', fail).on('exit', end)
      worker.postMessage(job, buffersOf(job.tensors))
    })
  }
}

function startHelper(): Helper {
  const helper: Helper = {worker: startThread(new URL('./step-worker.js', import.meta.url), {}), ended: null}
  const end = (cause: Error) => {
    helper.ended ??= cause
  }
  helper.worker.on('error', end).on('exit', (code) => end(endOf(code)))
  return helper
}

function endOf(code: number): Error {
  return new Error(`it ended with code ${code}`)
}

/** Threads that are of use: each has enough to do, and none waits for the one that has the largest tensor. */
function threadsFor(sizes: readonly number[], threads: number, least: number): number {
  const total = sizes.reduce((sum, size) => sum + size, 0)
  return Math.max(1, Math.min(threads, Math.floor(total / least), Math.ceil(total / maxOf(sizes))))
}

/** Indices of the tensors by thread: each, the largest first, goes where least is to be done. */
function sharesOf(sizes: readonly number[], threads: number): number[][] {
  const shares = Array.from({length: threads}, () => ({size: 0, indices: [] as number[]}))
  const order = sizes.map((_, index) => index).sort((a, b) => sizes[b] - sizes[a])
  for (const index of order) {
    const share = shares.reduce((least, one) => (one.size < least.size ? one : least))
    share.indices.push(index)
    share.size += sizes[index]
  }
  return shares.map(({indices}) => indices)
}
