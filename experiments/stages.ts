import {spawnSync} from 'node:child_process'
import {existsSync, mkdirSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {isQuick, quickSettings} from './quick.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** The folder of what an experiment leaves on its way. */
export function runsOf(experiment: string): string {
  return join(root, 'runs', isQuick ? 'quick' : '.', experiment)
}

/** Commands that go on with what is there, and refuse what other settings made. */
const isResumed: ReadonlySet<string> = new Set(['train', 'eval', 'scaling-sweep'])

/** Where the stages of one experiment leave their results. */
export interface Stages {
  /** What a stage of that name leaves: a folder or file below `runs/`. */
  readonly folder: (name: string) => string
  /** A file that a stage leaves: written if it is not there. */
  readonly file: (name: string, write: (file: string) => void) => string
  /** Runs one `rpt` command on this terminal as the stage of that name; what is there already is used or gone on with. */
  readonly rpt: (name: string, command: string, ...args: readonly (string | readonly string[])[]) => void
}

/** The stages of an experiment: start it again at any time, and it goes on from where it was. */
export function stagesOf(experiment: string): Stages {
  const folder = (name: string) => join(runsOf(experiment), name)
  return {
    folder,
    file(name, write) {
      const file = folder(name)
      mkdirSync(dirname(file), {recursive: true})
      if (!existsSync(file)) write(file)
      return file
    },
    rpt(name, command, ...args) {
      const isThere = existsSync(folder(name))
      if (isThere && !isResumed.has(command)) {
        console.log(`\n${folder(name)} is there and is used as it is`)
        return
      }
      const began = Date.now()
      const small = isQuick ? setsOf(quickSettings[command]) : []
      const line = [command, ...args.flat(), ...small, '--out', folder(name), ...(isThere ? ['--resume'] : [])]
      console.log(`\n$ rpt ${line.join(' ')}`)
      const {status} = spawnSync(process.execPath, [join(root, 'bin', 'run.js'), ...line], {
        cwd: root,
        stdio: 'inherit',
      })
      if (status !== 0) throw new Error(`rpt ${command} ended with status ${status}; start again to go on from here`)
      console.log(`${name}: ${Math.round((Date.now() - began) / 1000)} s`)
    },
  }
}

/** `--config` for each configuration file of an experiment's folder, in that order. */
export function configsOf(experiment: string, ...names: readonly string[]): string[] {
  return names.flatMap((name) => ['--config', join(root, 'experiments', experiment, `${name}.yaml`)])
}

/** `--set` for each setting. */
export function setsOf(settings: readonly string[]): string[] {
  return settings.flatMap((setting) => ['--set', setting])
}
