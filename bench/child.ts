import {spawn} from 'node:child_process'
import type {Failure, Side} from './job.js'
import {at, root} from './paths.js'

/**
 * Runs a program of one side in a process of its own and reads the last line of its output as JSON.
 *
 * @param program `measure` or, on our side, `limits`
 * @param python of the peers' environment
 * @param minutes after which it is stopped
 * @returns a Failure when the process fails, e.g. for lack of memory: the other rows go on
 */
export function runChild<T>(
  side: Side,
  program: string,
  request: object,
  python: string,
  minutes = 30,
): Promise<T | Failure> {
  const [command, ...args] =
    side === 'ours'
      ? [process.execPath, '--import', 'tsx', at(`${program}.ts`), JSON.stringify(request)]
      : [python, at('peers', `${program}.py`), JSON.stringify(request)]
  return new Promise((resolve) => {
    const env = {...process.env, PYTHONDONTWRITEBYTECODE: '1'}
    const child = spawn(command, args, {cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: minutes * 60_000})
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      errors = `${errors}${chunk}`.slice(-20_000)
    })
    child.on('error', (error) => resolve({failure: `${command}: ${error.message}`}))
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(JSON.parse(output.trimEnd().split('\n').at(-1)!) as T)
      if (signal === 'SIGTERM') return resolve({failure: `was stopped: it took more than ${minutes} minutes`})
      const said = errors.trimEnd().split('\n')
      const reason = said.findLast((line) => /error|exception/i.test(line)) ?? said.at(-1)
      resolve({failure: `ended with ${signal ?? code}: ${reason?.trim() || 'no message'}`})
    })
  })
}

/** Whether a process gave no measurement. */
export function isFailure(found: object): found is Failure {
  return 'failure' in found
}
