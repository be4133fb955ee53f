import {createReadStream, existsSync, readFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {dirname, join} from 'node:path'
import type {Readable} from 'node:stream'
import {isObject} from '../util/is-object.js'

/** Where onnxruntime looks for its CUDA provider, and what is there. */
export interface ProviderPlace {
  /** Absolute path of the folder of onnxruntime's own library. */
  readonly folder: string
  /** Version of onnxruntime-node. */
  readonly version: string
}

/**
 * What an installed provider was made from, as noted beside it: onnxruntime's version and abbreviated commit, the major
 * version of CUDA that it is built for (null where that is not known), name and sha256 of the package.
 */
export interface ProviderNote {
  readonly version: string
  readonly commit: string
  readonly cuda: string | null
  readonly source: {readonly name: string; readonly sha256: string}
}

/** The libraries of the provider: onnxruntime loads the second, which needs the first. */
export const providerLibraries = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'] as const

/** onnxruntime's own library in the npm package. */
const coreLibrary = 'libonnxruntime.so.1'
const noteName = 'rpt-cuda-provider.json'

/** The place in the installed onnxruntime-node of this system. */
export function providerPlace(): ProviderPlace {
  const manifest = createRequire(import.meta.url).resolve('onnxruntime-node/package.json')
  const {version} = JSON.parse(readFileSync(manifest, 'utf8')) as {version: string}
  return {folder: join(dirname(manifest), 'bin', 'napi-v6', process.platform, process.arch), version}
}

/** Absolute path of the provider's library. */
export function providerLibrary({folder}: ProviderPlace): string {
  return join(folder, providerLibraries[1])
}

/** Whether a provider lies beside onnxruntime's library, whoever put it there. */
export function hasProvider({folder}: ProviderPlace): boolean {
  return providerLibraries.every((name) => existsSync(join(folder, name)))
}

/** Absolute path of the note. */
export function noteFile({folder}: ProviderPlace): string {
  return join(folder, noteName)
}

/** What `rpt` noted when it installed the provider; null where it did not. One that cannot be read names no commit. */
export function readNote(place: ProviderPlace): ProviderNote | null {
  const file = noteFile(place)
  if (!existsSync(file)) return null
  const note = parseJson(readFileSync(file, 'utf8'))
  return isNote(note) ? note : {version: '', commit: '', cuda: null, source: {name: '', sha256: ''}}
}

function isNote(value: unknown): value is ProviderNote {
  if (!isObject(value) || !isObject(value.source)) return false
  const {version, commit, cuda, source} = value
  const texts = cuda === null ? [version, commit] : [version, commit, cuda]
  return [...texts, source.name, source.sha256].every((text) => typeof text === 'string')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Cut or altered: as good as a note of another provider, which is installed anew.
    return null
  }
}

/** The commit that onnxruntime's own library is built from; null where it does not say. */
export function coreCommit({folder}: ProviderPlace): Promise<string | null> {
  return commitIn(createReadStream(join(folder, coreLibrary), {highWaterMark: 2 ** 20}))
}

/** The first `git-commit-id=` in a library; null where there is none. */
export async function commitIn(library: Readable): Promise<string | null> {
  const longest = 64
  let rest = ''
  for await (const chunk of library) {
    const text = rest + (chunk as Buffer).toString('latin1')
    const found = /git-commit-id=([0-9a-f]+)[^0-9a-f]/.exec(text)
    if (found) return found[1]
    rest = text.slice(-longest)
  }
  return null
}
