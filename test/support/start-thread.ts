import {basename, join} from 'node:path'
import {Worker, type WorkerOptions} from 'node:worker_threads'

/**
 * Stands for src/core/util/start-thread.ts, see vitest.config.ts: the thread loads the bundle of this run. A loader of
 * TypeScript in every thread would read all files anew, four times the work.
 */
export function startThread(module: URL, options: WorkerOptions): Worker {
  return new Worker(join(process.env.RPT_TEST_THREADS!, basename(module.pathname)), options)
}
