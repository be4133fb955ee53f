import {pathToFileURL} from 'node:url'
import type {CommitOperation} from '@huggingface/hub'
import {stopped} from '../net/request.js'
import {DataError, RptError, RuntimeFailure} from '../util/errors.js'
import {plural} from '../util/plural.js'
import type {Progress} from '../util/progress.js'
import {otherAnswer} from './library.js'
import type {LocalFile} from './local-file.js'
import type {Remote} from './remote.js'
import {librarysToken, type Repository} from './repository.js'
import {sender, UploadMeter} from './send.js'

/** A commit on the Hub. */
export interface Commit {
  /** 40 hexadecimal digits. */
  readonly id: string
  /** Of its page. */
  readonly url: string
}

/** What a commit changes. */
export interface Changes {
  /** One line. */
  readonly title: string
  readonly files: readonly LocalFile[]
  /** Names of files that go. */
  readonly removed: readonly string[]
}

/**
 * Writes files to a repository in one commit on top of `head`: large files first, which nobody sees until the commit names
 * them.
 *
 * @throws {DataError} when the server refuses, or the repository is not at `head` any more; its files are as they were
 * @throws {RuntimeFailure} when the connection fails again and again, or a file cannot be read
 * @throws {Interrupted} when the signal is aborted before the commit is on its way
 */
export async function commitFiles(
  remote: Remote,
  {head}: Repository,
  {title, files, removed}: Changes,
  progress: Progress,
): Promise<Commit> {
  const {commitIter} = await import('@huggingface/hub')
  const {address, settings, signal} = remote
  const stage = progress.stage(
    `upload ${address.id}`,
    files.reduce((sum, {size}) => sum + size, 0),
    'bytes',
  )
  const meter = new UploadMeter(stage, files)
  const events = commitIter({
    repo: {type: 'model', name: address.id},
    title,
    operations: operationsOf(files, removed),
    branch: address.revision,
    parentCommit: head,
    hubUrl: settings.endpoint,
    accessToken: librarysToken,
    fetch: sender(remote, meter),
    abortSignal: signal,
    useXet: false,
  })
  try {
    for (;;) {
      const {done, value} = await events.next()
      if (done) {
        meter.finishAll()
        stage.done(plural(files.length, 'file'))
        return commitOf(remote, value?.commit)
      }
      meter.tell(value)
    }
  } catch (error) {
    throw failureOf(remote, error)
  }
}

function operationsOf(files: readonly LocalFile[], removed: readonly string[]): CommitOperation[] {
  return [
    ...files.map(({path, source}) => ({
      operation: 'addOrUpdate' as const,
      path,
      content: typeof source === 'string' ? pathToFileURL(source) : new Blob([new Uint8Array(source)]),
    })),
    ...removed.map((path) => ({operation: 'delete' as const, path})),
  ]
}

function commitOf(remote: Remote, commit: {oid?: string; url?: string} | undefined): Commit {
  const {oid: id, url} = commit ?? {}
  if (typeof id === 'string' && typeof url === 'string') return {id, url}
  throw otherAnswer(remote, new TypeError('the answer names no commit'))
}

/** What the library throws by itself, in our words; our own errors pass unchanged. */
function failureOf(remote: Remote, error: unknown): unknown {
  if (error instanceof RptError || !(error instanceof Error)) return error
  if (remote.signal.aborted) return stopped(remote)
  const {code} = error as NodeJS.ErrnoException
  if (typeof code === 'string' && /^E[A-Z]+$/.test(code))
    return new RuntimeFailure(`${remote.label}: reading the files to send: ${error.message}`, {
      cause: error,
      suggestions: ['check whether training has removed the checkpoint, and run it again'],
    })
  if ('statusCode' in error)
    return new DataError(`${remote.label}: ${remote.endpoint} does not accept a file: ${error.message}`, {cause: error})
  return otherAnswer(remote, error)
}
