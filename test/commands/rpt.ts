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

export function requireBuild(): void {
  const reason = whyBuild()
  if (reason) throw new Error(`${reason}; run npm test, or node scripts/ensure-ready.js`)
}

/** Variables that a command inherits. With the runner's NODE_ENV=test oclif would look for sources. */
export function environment(): NodeJS.ProcessEnv {
  const {FORCE_COLOR: _, DEBUG: __, NODE_ENV: ___, ...inherited} = process.env
  return inherited
}

/** Runs `bin/run.js` as a user's shell would, or through another program that runs it; the build must be fresh. */
export async function rpt(
  args: readonly string[],
  cwd = root,
  env: NodeJS.ProcessEnv = {},
  through: readonly string[] = [],
): Promise<Finished> {
  requireBuild()
  const [program, ...words] = [...through, process.execPath, join(root, 'bin', 'run.js'), ...args]
  const child = spawn(program, words, {cwd, env: {...environment(), ...env}})
  const output = {stdout: '', stderr: ''}
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text
    })
  }
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return {status, ...output}
}
