import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {execute} from '@oclif/core/execute'

/** Runs each command line that it is sent as bin/run.js does, and goes on where that one ends; see rpt-lines.ts. */

const dir = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'bin')
const streams = [process.stdout, process.stderr]

// Every line adds its own listeners.
for (const emitter of [process, ...streams]) emitter.setMaxListeners(0)

const mark = () => {
  for (const stream of streams) stream.write('\0')
}

process.on('message', async (args) => {
  mark()
  const status = await new Promise((end) => {
    process.exit = (code) => end(code ?? process.exitCode ?? 0)
    execute({dir, args}).then(() => process.exit())
  })
  process.exitCode = undefined
  mark()
  process.send(status)
})
