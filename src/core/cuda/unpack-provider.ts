import {createWriteStream} from 'node:fs'
import {rename, rm} from 'node:fs/promises'
import {basename, join} from 'node:path'
import {pipeline} from 'node:stream/promises'
import type {CudaMajor} from '../config/names.js'
import {guardWrite} from '../files/index.js'
import {DataError} from '../util/errors.js'
import type {Archive} from './archive.js'
import {majorOf} from './choose-cuda.js'
import {neededLibraries} from './elf.js'
import {providerBuilds} from './provider-builds.js'
import {commitIn, coreCommit, type ProviderPlace, providerLibraries} from './provider-files.js'

/** A package of the provider on the disk. */
export interface ProviderArchive {
  readonly path: string
  /** Version of CUDA that it should be built for. */
  readonly cuda: CudaMajor
}

/**
 * Installs the provider of an onnxruntime package beside onnxruntime's library, if both are built from one commit, and the
 * provider for the version of CUDA that is named. An interruption leaves the previous provider, none, or the whole new one.
 *
 * @param note notes down what is put there; called when all is unpacked
 * @throws {DataError} when it is of another commit or for another CUDA, or no such package; what was there stays
 * @throws {RuntimeFailure} when the disk refuses; what was there stays
 */
export async function unpackProvider(
  place: ProviderPlace,
  {path, cuda}: ProviderArchive,
  note: () => Promise<void>,
): Promise<void> {
  const build = providerBuilds[cuda]
  const archive = await build.open(path)
  const inside = (name: string) => new RegExp(`^${build.libraries}/${name}$`)
  const files = providerLibraries.map((name) => ({
    name,
    fresh: join(place.folder, `rpt-${name}.incomplete`),
    final: join(place.folder, name),
  }))
  try {
    await checkCommit(place, archive, inside('libonnxruntime\\.so\\.[\\d.]+'), path)
    for (const {name, fresh} of files)
      await guardWrite('unpacking', fresh, async () =>
        pipeline(await archive.read(inside(name.replaceAll('.', '\\.'))), createWriteStream(fresh)),
      )
    checkCuda(files.at(-1)!.fresh, cuda, path)
    await guardWrite('installing into', place.folder, async () => {
      // Without its last library there is no provider, whatever the note says.
      await rm(files.at(-1)!.final, {force: true})
      await note()
      for (const {fresh, final} of files) await rename(fresh, final)
    })
  } finally {
    archive.close()
    for (const {fresh} of files) await rm(fresh, {force: true})
  }
}

async function checkCommit(place: ProviderPlace, archive: Archive, core: RegExp, path: string): Promise<void> {
  const ours = await coreCommit(place)
  const theirs = await commitIn(await archive.read(core))
  if (theirs !== null && theirs === ours) return
  throw new DataError(
    `${basename(path)} is built from commit ${theirs ?? '(not said)'}; onnxruntime-node from ${ours ?? '(not said)'}`,
    {suggestions: ['install another release of rpt', 'use --device cpu']},
  )
}

function checkCuda(provider: string, expected: CudaMajor, path: string): void {
  const seen = majorOf(neededLibraries(provider))
  if (seen === expected) return
  throw new DataError(`${basename(path)} is built for CUDA ${seen ?? '(not said)'}; expected CUDA ${expected}`, {
    suggestions: ['name the other version with --cuda', 'use --device cpu'],
  })
}
