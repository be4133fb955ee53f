import {type CudaMajor, cudaMajors} from '../config/names.js'
import {findLibrary, type LibraryFolders} from './library-search.js'

/** Major version of CUDA by the library of products that a provider needs; null where it needs none. */
export function majorOf(needed: readonly string[]): string | null {
  return /^libcublas\.so\.(\d+)$/m.exec(needed.join('\n'))?.[1] ?? null
}

/** Folder of the library of products of a version of CUDA; null where it was not found. */
export function folderOf(major: CudaMajor, folders: LibraryFolders): string | null {
  return findLibrary(`libcublas.so.${major}`, folders).folder
}

/** A version of CUDA, and in words why it was chosen. */
export interface ChosenCuda {
  readonly cuda: CudaMajor
  readonly reason: string
}

/**
 * The version of CUDA whose provider serves a machine: that which is asked for, else the only one that is there. Where
 * neither or both are there it is the preferred one.
 */
export function chooseCuda(folders: LibraryFolders, asked?: CudaMajor): ChosenCuda {
  if (asked !== undefined) return {cuda: asked, reason: 'as --cuda says'}
  const found = cudaMajors.flatMap((cuda) => {
    const folder = folderOf(cuda, folders)
    return folder === null ? [] : [{cuda, folder}]
  })
  const preferred = cudaMajors[0]
  if (found.length === 0) return {cuda: preferred, reason: 'no CUDA was found here, and this is the newest'}
  if (found.length > 1) return {cuda: preferred, reason: `CUDA ${found.map(({cuda}) => cuda).join(' and ')} are here`}
  const [{cuda, folder}] = found
  return {cuda, reason: `only CUDA ${cuda} is here, in ${folder}`}
}
