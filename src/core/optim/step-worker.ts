import {parentPort} from 'node:worker_threads'
import {buffersOf, type StepJob, takeStep} from './step-job.js'

parentPort!.on('message', (job: StepJob) => {
  takeStep(job)
  parentPort!.postMessage(job.tensors, buffersOf(job.tensors))
})
// What cannot be received would never be answered.
parentPort!.on('messageerror', (error) => {
  throw error
})
