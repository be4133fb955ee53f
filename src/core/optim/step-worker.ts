import {parentPort} from 'node:worker_threads'
import {buffersOf, type ThreadTask, threadTasks} from './thread-tasks.js'

/** A task of this name does its job. */
export interface ThreadRequest<Job> {
  readonly name: keyof typeof threadTasks
  readonly job: Job
}

interface AnyJob {
  readonly tensors: readonly unknown[]
}

parentPort!.on('message', ({name, job}: ThreadRequest<AnyJob>) => {
  const task = threadTasks[name] as unknown as ThreadTask<unknown, AnyJob>
  task.run(job)
  parentPort!.postMessage(job.tensors, buffersOf(task, job.tensors))
})
// What cannot be received would never be answered.
parentPort!.on('messageerror', (error) => {
  throw error
})
