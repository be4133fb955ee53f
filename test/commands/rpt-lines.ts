import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {join} from 'node:path'
import type {Readable} from 'node:stream'
import {environment, type Finished, requireBuild} from './rpt.js'

/**
 * A process that runs command lines one after another, and loads the program once: most of the time of a line that is
 * refused. It is for lines of which only what they print and their status matter; `rpt` runs one as a user's shell would.
 */
export class RptLines {
  private readonly child: ChildProcess
  private readonly death: Promise<never>
  private last: Promise<unknown> = Promise.resolve()

  constructor(cwd: string, env: NodeJS.ProcessEnv) {
    requireBuild()
    const stdio = ['ignore', 'pipe', 'pipe', 'ipc'] as const
    const program = join(import.meta.dirname, 'run-lines.js')
    this.child = spawn(process.execPath, [program], {cwd, env: {...environment(), ...env}, stdio: [...stdio]})
    for (const stream of [this.child.stdout!, this.child.stderr!]) stream.setEncoding('utf8')
    this.death = once(this.child, 'exit').then(([status]) => {
      throw new Error(`${program} ended with status ${status}`)
    })
    this.death.catch(() => {})
  }

  run(args: readonly string[]): Promise<Finished> {
    const finished = this.last.then(() => Promise.race([this.runNow(args), this.death]))
    this.last = finished.catch(() => {})
    return finished
  }

  end(): void {
    this.child.kill()
  }

  private async runNow(args: readonly string[]): Promise<Finished> {
    const {child} = this
    const ends = Promise.all([textOf(child.stdout!), textOf(child.stderr!), once(child, 'message')])
    child.send(args)
    const [stdout, stderr, [status]] = await ends
    return {status, stdout, stderr}
  }
}

/** What comes between the two marks of a line. */
function textOf(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const take = (piece: string) => {
      text += piece
      const [, inside, ...after] = text.split('\0')
      if (after.length === 0) return
      stream.off('data', take)
      resolve(inside)
    }
    stream.on('data', take)
  })
}
