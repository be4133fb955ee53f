import {spawnSync} from 'node:child_process'
import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {at, root} from './paths.js'

/**
 * A Python that has the packages of peers/requirements.txt, in `.venv-bench`, made at first use; null where there is no
 * Python or the packages do not install, after saying so on stderr.
 */
export function preparePython(): string | null {
  const environment = join(root, '.venv-bench')
  const python = join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  const requirements = at('peers', 'requirements.txt')
  const done = join(environment, 'installed.txt')
  if (existsSync(done) && readFileSync(done, 'utf8') === readFileSync(requirements, 'utf8')) return python
  process.stderr.write('making .venv-bench for the peers (PyTorch, transformers, TRL)\n')
  const isReady =
    succeeds(process.env.PYTHON ?? 'python3', ['-m', 'venv', '--clear', environment]) &&
    succeeds(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements])
  if (!isReady) {
    process.stderr.write('the peers are skipped: they need python3 (3.11 or newer) with venv, and a package index\n')
    return null
  }
  writeFileSync(done, readFileSync(requirements))
  return python
}

function succeeds(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, {stdio: ['ignore', 2, 2]}).status === 0
}

/** Versions of the peers' packages. */
export function peerVersions(python: string): Record<string, string> {
  const names = ['torch', 'transformers', 'trl']
  const script = `import sys, importlib.metadata as m; print(sys.version.split()[0], *map(m.version, ${JSON.stringify(names)}))`
  const [own, ...versions] = spawnSync(python, ['-c', script], {encoding: 'utf8'}).stdout.trim().split(' ')
  return {python: own, ...Object.fromEntries(names.map((name, i) => [name, versions[i]]))}
}
