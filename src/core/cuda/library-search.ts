import {spawnSync} from 'node:child_process'
import {existsSync, readdirSync} from 'node:fs'
import {join} from 'node:path'

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Folders that libraries may lie in. */
export interface LibraryFolders {
  /** Those that the system's loader looks into: of LD_LIBRARY_PATH, and its own. */
  readonly loader: readonly string[]
  /** Where CUDA is usually installed besides; the loader must be told. */
  readonly usual: readonly string[]
}

/** A library that is needed. */
export interface FoundLibrary {
  /** File name with its version, e.g. `libcublas.so.13`. */
  readonly name: string
  /** Folder that it lies in; null where it was not found. */
  readonly folder: string | null
  /** Whether the system's loader finds it there. */
  readonly isLoadable: boolean
}

const system = ['/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu', '/lib64', '/usr/lib64', '/lib', '/usr/lib']

/**
 * Where CUDA's libraries may lie: the loader's folders, the toolkit's below /usr/local and /opt, the driver's of WSL and
 * containers, and those of pip and conda packages of the environments that variables name or that are usual.
 */
export function libraryFolders(env: Environment): LibraryFolders {
  const named = (env.LD_LIBRARY_PATH ?? '').split(':').filter((folder) => folder !== '')
  const roots = [env.CUDA_HOME, env.CUDA_PATH, ...below('/usr/local', /^cuda/), '/opt/cuda']
  const toolkits = roots.flatMap((root) => (root ? [join(root, 'lib64'), join(root, 'targets/x86_64-linux/lib')] : []))
  const environments = [env.VIRTUAL_ENV, env.CONDA_PREFIX, '/usr', '/usr/local', env.HOME && join(env.HOME, '.local')]
  const packages = environments.flatMap((root) => (root ? packageFolders(root) : []))
  const drivers = ['/usr/lib/wsl/lib', '/usr/local/nvidia/lib64', '/usr/local/cuda/compat']
  const conda = env.CONDA_PREFIX ? [join(env.CONDA_PREFIX, 'lib')] : []
  const usual = [...toolkits, ...packages, ...conda, ...drivers]
  const loader = [...named, ...cachedFolders(), ...system]
  return {loader: unique(loader), usual: unique(usual).filter((folder) => !loader.includes(folder))}
}

/** Looks for a library in the loader's folders first. */
export function findLibrary(name: string, {loader, usual}: LibraryFolders): FoundLibrary {
  const has = (folder: string) => existsSync(join(folder, name))
  const loadable = loader.find(has)
  return {name, folder: loadable ?? usual.find(has) ?? null, isLoadable: loadable !== undefined}
}

/** `lib` folders of NVIDIA's packages in the Pythons of an environment. */
function packageFolders(root: string): string[] {
  return ['lib', 'lib64'].flatMap((lib) =>
    below(join(root, lib), /^python3/).flatMap((python) =>
      ['site-packages', 'dist-packages'].flatMap((packages) =>
        below(join(python, packages, 'nvidia'), /./).map((one) => join(one, 'lib')),
      ),
    ),
  )
}

/** Folders that the loader's cache names; none where there is no such cache. */
function cachedFolders(): string[] {
  const program = ['/sbin/ldconfig', '/usr/sbin/ldconfig'].find(existsSync)
  if (!program) return []
  const {stdout} = spawnSync(program, ['-p'], {encoding: 'utf8', maxBuffer: 2 ** 26})
  return unique([...(stdout ?? '').matchAll(/=> (\/.*)\/[^/]+$/gm)].map(([, folder]) => folder))
}

function below(folder: string, pattern: RegExp): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => join(folder, name))
}

function unique(folders: readonly (string | undefined)[]): string[] {
  return [...new Set(folders)].filter((folder) => folder !== undefined)
}
