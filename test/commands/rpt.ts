import {spawn} from 'node:child_process'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {whyBuild} from '../../scripts/ensure-ready.js'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** What one run of the command line left behind. */
export interface Finished {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `bin/run.js` as a user's shell would; the build must be fresh. */
export async function rpt(args: readonly string[], cwd = root, env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  const reason = whyBuild()
  if (reason) throw new Error(`${reason}; run npm test, or node scripts/ensure-ready.js`)
  const {FORCE_COLOR: _, DEBUG: __, ...inherited} = process.env
  const child = spawn(process.execPath, [join(root, 'bin', 'run.js'), ...args], {cwd, env: {...inherited, ...env}})
  const output = {stdout: '', stderr: ''}
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text
    })
  }
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return {status, ...output}
}
