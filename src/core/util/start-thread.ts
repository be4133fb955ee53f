import {Worker, type WorkerOptions} from 'node:worker_threads'

/**
 * Starts a module of the program in a thread of its own. Where the program runs from source, the module is one of
 * TypeScript: threads ignore `--import tsx`, so the loader is registered inside.
 *
 * @param module built, as `new URL('./worker.js', import.meta.url)`
 */
export function startThread(module: URL, options: WorkerOptions): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(module, options)
  const loader = import.meta.resolve('tsx/esm/api')
  const source = module.href.replace(/\.js$/, '.ts')
  const boot = `import('${loader}').then(({register}) => { register(); return import('${source}') })`
  return new Worker(boot, {...options, eval: true, execArgv: []})
}
