import {neededLibraries} from './elf.js'
import {
  type Environment,
  type FoundLibrary,
  findLibrary,
  type LibraryFolders,
  libraryFolders,
} from './library-search.js'
import {coreCommit, hasProvider, type ProviderPlace, providerLibrary, readNote} from './provider-files.js'

/** What CUDA needs on this machine, and what of it is there. */
export interface CudaReport {
  /** `absent`: there is none; `foreign`: it was not installed by `rpt`, and its commit is not known; `other`: of another commit. */
  readonly provider: 'installed' | 'absent' | 'foreign' | 'other'
  /** Folder that the provider has to lie in. */
  readonly folder: string
  /** Version of CUDA that the provider is built for; null where that is not known. */
  readonly cuda: string | null
  /** What the provider needs; empty where there is none. */
  readonly libraries: readonly FoundLibrary[]
  /** Names of those that were found nowhere. */
  readonly missing: readonly string[]
  /** Folders that were searched. */
  readonly searched: readonly string[]
  /** What to do, one sentence each; empty where nothing is missing. */
  readonly remedies: readonly string[]
}

const install = 'run rpt doctor --install-cuda'

/** Versions of CUDA that onnxruntime has providers for; the first is that of the one that `rpt` installs. */
const majors = ['13', '12']

/** Of the driver: no package brings it. */
const driver = 'libcuda.so.1'

/** Opened by the provider when a graph needs it, so that it is not among those listed. */
const opened: Readonly<Record<string, string>> = {'13': 'libcudnn.so.9', '12': 'libcudnn.so.9'}

/** PyPI's package of a library, by what its name begins with and the version of CUDA. */
const packages: readonly (readonly [library: string, nameFor: (major: string) => string])[] = [
  ['libcublas', (major) => (major === '12' ? 'nvidia-cublas-cu12' : 'nvidia-cublas')],
  ['libcudart', (major) => (major === '12' ? 'nvidia-cuda-runtime-cu12' : 'nvidia-cuda-runtime')],
  ['libcurand', (major) => (major === '12' ? 'nvidia-curand-cu12' : 'nvidia-curand')],
  ['libcufft', (major) => (major === '12' ? 'nvidia-cufft-cu12' : 'nvidia-cufft')],
  ['libcudnn', (major) => `nvidia-cudnn-cu${major}`],
]

/** Looks at the provider's files and at the libraries that they need; loads nothing. */
export async function examineCuda(place: ProviderPlace, env: Environment): Promise<CudaReport> {
  const folders = libraryFolders(env)
  const searched = [...folders.loader, ...folders.usual]
  const note = readNote(place)
  if (!hasProvider(place)) {
    const nothing = {cuda: null, libraries: [], missing: []}
    return {
      provider: 'absent',
      folder: place.folder,
      ...nothing,
      searched,
      remedies: [install, ...otherCuda(majors[0], folders)],
    }
  }
  const needed = neededLibraries(providerLibrary(place)).filter((name) => name.startsWith('libcu'))
  const cuda = note?.cuda ?? majorOf(needed)
  const major = cuda?.split('.')[0] ?? ''
  const names = [...new Set([...needed, driver, ...(opened[major] ? [opened[major]] : [])])]
  const libraries = names.map((name) => findLibrary(name, folders))
  const missing = libraries.filter(({folder}) => folder === null).map(({name}) => name)
  const provider = note === null ? 'foreign' : note.commit === (await coreCommit(place)) ? 'installed' : 'other'
  const remedies = [
    ...(provider === 'other' ? [install] : []),
    ...remediesFor(missing, major),
    ...otherCuda(major, folders),
  ]
  return {provider, folder: place.folder, cuda, libraries, missing, searched, remedies}
}

/** What to know where another CUDA is here than the provider's. */
function otherCuda(major: string, folders: LibraryFolders): string[] {
  const find = (of: string) => findLibrary(`libcublas.so.${of}`, folders)
  if (!majors.includes(major) || find(major).folder !== null) return []
  const others = majors.filter((of) => of !== major && find(of).folder !== null)
  return others.map(
    (of) =>
      `install CUDA ${major} beside CUDA ${of}: that in ${find(of).folder} does not serve a provider for CUDA ${major}`,
  )
}

/** Version of CUDA, by the library of products that is needed. */
function majorOf(needed: readonly string[]): string | null {
  return /^libcublas\.so\.(\d+)$/m.exec(needed.join('\n'))?.[1] ?? null
}

function remediesFor(missing: readonly string[], major: string): string[] {
  const named = packages.filter(([library]) => missing.some((name) => name.startsWith(library)))
  const names = named.map(([, nameFor]) => nameFor(major))
  return [
    ...(missing.includes(driver) ? [`install NVIDIA's driver: ${driver} is part of it`] : []),
    ...(names.length > 0
      ? [`run pip install ${names.join(' ')} in the active environment, or install the CUDA toolkit ${major} and cuDNN`]
      : []),
  ]
}
