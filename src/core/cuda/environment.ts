import {delimiter} from 'node:path'
import {type CudaReport, examineCuda} from './examine-cuda.js'
import type {Environment} from './library-search.js'
import {hasProvider, type ProviderPlace, providerPlace} from './provider-files.js'

/** Settings of CUDA that have to be known before the process starts. */
export interface CudaSettings {
  /** Whether products of float32 matrices may be rounded to TF32: ten bits of mantissa. */
  readonly tf32: boolean
}

/**
 * Variables with which the process must be started, so that the CUDA provider finds its libraries and computes as set. The
 * system's loader and NVIDIA's libraries read them only once. A value that the user gave stays.
 */
export async function cudaEnvironment(
  env: Environment,
  {tf32}: CudaSettings,
  place: ProviderPlace = providerPlace(),
): Promise<Record<string, string>> {
  if (!hasProvider(place)) return {}
  const folders = foldersToName(await examineCuda(place, env))
  const named = env.LD_LIBRARY_PATH ? [env.LD_LIBRARY_PATH] : []
  return {
    ...(folders.length > 0 && {LD_LIBRARY_PATH: [...named, ...folders].join(delimiter)}),
    ...(env.NVIDIA_TF32_OVERRIDE === undefined && !tf32 && {NVIDIA_TF32_OVERRIDE: '0'}),
  }
}

/** Folders of the libraries that are there, and that the loader would not find. */
function foldersToName({libraries}: CudaReport): string[] {
  const hidden = libraries.filter(({folder, isLoadable}) => folder !== null && !isLoadable)
  return [...new Set(hidden.map(({folder}) => folder!))]
}
