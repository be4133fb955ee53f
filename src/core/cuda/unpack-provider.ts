import {createWriteStream} from 'node:fs'
import {rename, rm} from 'node:fs/promises'
import {basename, join} from 'node:path'
import {pipeline} from 'node:stream/promises'
import {guardWrite} from '../files/index.js'
import {DataError} from '../util/errors.js'
import {commitIn, coreCommit, type ProviderPlace, providerLibraries} from './provider-files.js'
import {Wheel} from './wheel.js'

/**
 * Installs the provider of an onnxruntime package beside onnxruntime's library, if both are built from one commit. An
 * interruption leaves the previous provider, none, or the whole new one.
 *
 * @param archive path of the package, a zip file
 * @param note notes down what is put there, given the version of CUDA that it is built for; called when all is unpacked
 * @throws {DataError} when it is of another commit, or no such package; what was there stays
 * @throws {RuntimeFailure} when the disk refuses; what was there stays
 */
export async function unpackProvider(
  place: ProviderPlace,
  archive: string,
  note: (cuda: string | null) => Promise<void>,
): Promise<void> {
  const wheel = await Wheel.open(archive)
  const files = providerLibraries.map((name) => ({
    name,
    fresh: join(place.folder, `rpt-${name}.incomplete`),
    final: join(place.folder, name),
  }))
  try {
    await checkCommit(place, wheel, archive)
    for (const {name, fresh} of files)
      await guardWrite('unpacking', fresh, async () =>
        pipeline(await wheel.read(`onnxruntime/capi/${name}`), createWriteStream(fresh)),
      )
    await guardWrite('installing into', place.folder, async () => {
      // Without its last library there is no provider, whatever the note says.
      await rm(files.at(-1)!.final, {force: true})
      await note(await cudaVersion(wheel))
      for (const {fresh, final} of files) await rename(fresh, final)
    })
  } finally {
    wheel.close()
    for (const {fresh} of files) await rm(fresh, {force: true})
  }
}

async function checkCommit(place: ProviderPlace, wheel: Wheel, archive: string): Promise<void> {
  const ours = await coreCommit(place)
  const theirs = await commitIn(await wheel.read(wheel.find(/^onnxruntime\/capi\/libonnxruntime\.so\.[\d.]+$/)))
  if (theirs !== null && theirs === ours) return
  throw new DataError(
    `${basename(archive)} is built from commit ${theirs ?? '(not said)'}; onnxruntime-node from ${ours ?? '(not said)'}`,
    {suggestions: ['install another release of rpt', 'use --device cpu']},
  )
}

async function cudaVersion(wheel: Wheel): Promise<string | null> {
  let text = ''
  for await (const chunk of await wheel.read('onnxruntime/capi/build_and_package_info.py')) text += chunk
  return /^cuda_version = '([\d.]+)'/m.exec(text)?.[1] ?? null
}
