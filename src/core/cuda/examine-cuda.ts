import {cudaMajors} from '../config/names.js'
import {folderOf, majorOf} from './choose-cuda.js'
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
  /** Major version of CUDA that the provider is built for; null where that is not known. */
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
    return {provider: 'absent', folder: place.folder, ...nothing, searched, remedies: [install]}
  }
  const needed = neededLibraries(providerLibrary(place)).filter((name) => name.startsWith('libcu'))
  const cuda = majorOf(needed)
  const names = [...new Set([...needed, driver, ...(cuda && opened[cuda] ? [opened[cuda]] : [])])]
  const libraries = names.map((name) => findLibrary(name, folders))
  const missing = libraries.filter(({folder}) => folder === null).map(({name}) => name)
  const provider = note === null ? 'foreign' : note.commit === (await coreCommit(place)) ? 'installed' : 'other'
  const remedies = [
    ...(provider === 'other' ? [install] : []),
    ...remediesFor(missing, cuda ?? ''),
    ...(cuda === null ? [] : otherCuda(cuda, provider === 'foreign', folders)),
  ]
  return {provider, folder: place.folder, cuda, libraries, missing, searched, remedies}
}

/** What to do where another CUDA is here than the provider's; `rpt` replaces no provider that it did not install. */
function otherCuda(major: string, isForeign: boolean, folders: LibraryFolders): string[] {
  const own = cudaMajors.find((of) => of === major)
  const other = cudaMajors.find((of) => of !== major && folderOf(of, folders) !== null)
  if (!own || !other || folderOf(own, folders) !== null) return []
  const there = folderOf(other, folders)
  return [
    isForeign
      ? `install CUDA ${own} beside CUDA ${other}: that in ${there} does not serve a provider for CUDA ${own}`
      : `${install}: the provider is for CUDA ${own}, and only CUDA ${other} is here, in ${there}`,
  ]
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
