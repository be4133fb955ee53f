import {createWriteStream} from 'node:fs'
import {rename} from 'node:fs/promises'
import {basename, join} from 'node:path'
import {pipeline} from 'node:stream/promises'
import {DataError} from '../util/errors.js'
import {commitIn, coreCommit, type ProviderPlace, providerLibraries} from './provider-files.js'
import {Wheel} from './wheel.js'

/**
 * Puts the provider of a package of onnxruntime beside onnxruntime's library, if both are built from one commit: onnxruntime
 * itself does not look.
 *
 * @param archive path of the package, a zip file
 * @returns the version of CUDA that it is built for
 * @throws {DataError} when it is of another commit, or no such package; what was there stays
 */
export async function unpackProvider(place: ProviderPlace, archive: string): Promise<string> {
  const wheel = await Wheel.open(archive)
  try {
    const ours = await coreCommit(place)
    const theirs = await commitIn(await wheel.read(wheel.find(/^onnxruntime\/capi\/libonnxruntime\.so\.[\d.]+$/)))
    if (theirs === null || theirs !== ours)
      throw new DataError(
        `${basename(archive)} is built from commit ${theirs ?? '(not said)'}; onnxruntime-node from ${ours ?? '(not said)'}`,
        {suggestions: ['install another release of rpt', 'use --device cpu']},
      )
    const cuda = await cudaVersion(wheel)
    for (const library of providerLibraries) {
      const fresh = join(place.folder, `rpt-${library}.incomplete`)
      await pipeline(await wheel.read(`onnxruntime/capi/${library}`), createWriteStream(fresh))
      await rename(fresh, join(place.folder, library))
    }
    return cuda
  } finally {
    wheel.close()
  }
}

async function cudaVersion(wheel: Wheel): Promise<string> {
  let text = ''
  for await (const chunk of await wheel.read('onnxruntime/capi/build_and_package_info.py')) text += chunk
  return /^cuda_version = '([\d.]+)'/m.exec(text)?.[1] ?? 'unknown'
}
