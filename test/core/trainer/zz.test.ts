import {it} from 'vitest'
import {Worker} from 'node:worker_threads'
it('w', async () => {
  const url = new URL('../../../src/core/engine/worker.ts', import.meta.url)
  console.log(String(url), process.execArgv, process.env.NODE_OPTIONS)
  const w = new Worker(url, {workerData: {device: 'cpu', threads: 1}, execArgv: ['--import', 'tsx'], stderr: false})
  w.on('error', (e) => console.log('ERR', e))
  w.on('message', (e) => console.log('MSG', e))
  const p = new Promise(r => w.on('exit', (c) => {console.log('EXIT', c); r(0)}))
  w.postMessage({id: 0, method: 'peakMemory', args: []})
  w.postMessage({id: 1, method: 'close', args: []})
  await p
})
