import {constants} from 'node:fs'
import {access, rm} from 'node:fs/promises'
import {join} from 'node:path'
import type {CudaMajor} from '../config/names.js'
import {replaceText} from '../files/index.js'
import {checkHash, receiveFile, sizeOf} from '../net/receive-file.js'
import type {Connection} from '../net/request.js'
import {Interrupted, RuntimeFailure, UsageError} from '../util/errors.js'
import type {Progress} from '../util/progress.js'
import {chooseCuda} from './choose-cuda.js'
import {type Environment, libraryFolders} from './library-search.js'
import {providerBuilds} from './provider-builds.js'
import {
  coreCommit,
  hasProvider,
  noteFile,
  type ProviderNote,
  type ProviderPlace,
  providerLibraries,
  providerPlace,
  readNote,
} from './provider-files.js'
import type {ProviderPackage} from './provider-package.js'
import {unpackProvider} from './unpack-provider.js'

/** What to do after a failure that more of the same will not mend. */
const otherwise = ['use --device cpu']

/**
 * Installs the CUDA provider of exactly this onnxruntime beside its library, from the package of the same version. It checks
 * the package's hash, what CUDA the provider needs, and that both are built from one commit, because onnxruntime does not
 * check that. An interrupted download is continued. Nothing is done if the right provider is there.
 *
 * @param server of the build for that version of CUDA
 * @throws {UsageError} when the system is not Linux on x86-64, the folder cannot be written, or somebody else's provider is there
 * @throws {DataError} when there is no such package, or it is of another commit or for another CUDA; what was there stays
 * @throws {RuntimeFailure} when the server cannot be reached
 */
export async function installProvider(
  place: ProviderPlace,
  cuda: CudaMajor,
  server: Connection,
  progress: Progress,
): Promise<ProviderNote> {
  await checkPlace(place)
  const commit = await coreCommit(place)
  if (commit === null) throw new RuntimeFailure(`${place.folder}: onnxruntime's library does not say its commit`)
  const known = readNote(place)
  if (known?.commit === commit && known.cuda === cuda && hasProvider(place)) return known
  if (known === null && hasProvider(place))
    throw new UsageError(`${place.folder} has a CUDA provider that rpt did not install`, {
      suggestions: [
        `remove ${providerLibraries.join(' and ')} there, so that rpt can replace it`,
        'rpt doctor says whether it loads',
      ],
    })
  const found = await providerBuilds[cuda].find(server, place.version)
  const path = join(place.folder, `rpt-${found.sha256.slice(0, 16)}.package.incomplete`)
  await download(server, found, path, progress)
  const {name, sha256} = found
  const note: ProviderNote = {version: place.version, commit, cuda, source: {name, sha256}}
  try {
    await unpackProvider(place, {path, cuda}, () => replaceText(noteFile(place), `${JSON.stringify(note, null, 2)}\n`))
    return note
  } finally {
    await rm(path, {force: true})
  }
}

/**
 * `installProvider` for this system's onnxruntime, from the server that the environment names.
 *
 * @param asked version of CUDA; absent for the one that fits what is on this machine
 */
export async function installCuda(
  env: Environment,
  asked: CudaMajor | undefined,
  {progress, signal}: {readonly progress: Progress; readonly signal: AbortSignal},
): Promise<ProviderNote> {
  const {cuda, reason} = chooseCuda(libraryFolders(env), asked)
  progress.log(`onnxruntime's provider for CUDA ${cuda}: ${reason}`)
  return installProvider(providerPlace(), cuda, providerBuilds[cuda].connect(env, {signal}), progress)
}

async function checkPlace({folder}: ProviderPlace): Promise<void> {
  const system = `${process.platform}/${process.arch}`
  if (system !== 'linux/x64')
    throw new UsageError(`the CUDA provider exists only for linux/x64; this is ${system}`, {suggestions: otherwise})
  try {
    await access(folder, constants.W_OK)
  } catch (cause) {
    throw new UsageError(`${folder} cannot be written, but the CUDA provider must be there`, {
      cause,
      suggestions: ['run the command as the user who installed rpt', ...otherwise],
    })
  }
}

async function download(
  server: Connection,
  {name, url, size, sha256}: ProviderPackage,
  path: string,
  progress: Progress,
): Promise<void> {
  const stage = progress.stage(`download ${name}`, size, 'bytes', Math.min(size, sizeOf(path)))
  const touch = () => {
    if (server.signal.aborted) throw new Interrupted(`${name}: download stopped; what was downloaded is kept`)
  }
  const watch = {advance: (bytes: number) => stage.advance(bytes), note: (text: string) => stage.note(text)}
  await receiveFile(server, url, {path: name, size}, path, {watch, touch})
  await checkHash(server, name, path, {algorithm: 'sha256', hexadecimal: sha256, name: 'sha256'}, touch)
  stage.done(`${size} bytes`)
}
