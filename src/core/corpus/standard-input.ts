import {createWriteStream, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {DataError, Interrupted, RuntimeFailure, UsageError} from '../util/errors.js'
import type {Services} from '../util/services.js'
import {checkedText} from './readers/read-chunks.js'

/** What `data.documents` is when documents come from the standard input, as JSONL. */
export const standardInput = '-'

const usage = 'rpt prepare-data --documents - ...'

/** What came from the standard input, in a file, because documents are read twice. */
export interface Spooled {
  readonly file: string
  /** Removes the file; it is also removed when the process ends. */
  remove(): void
}

/**
 * Writes the standard input into a private folder for temporary files.
 *
 * @throws {UsageError} when it is a terminal
 * @throws {DataError} when its first bytes say that it is no text in UTF-8
 * @throws {Interrupted} when the signal is aborted
 * @throws {RuntimeFailure} when it cannot be written
 */
export async function spoolStandardInput(
  {progress, signal}: Pick<Services, 'progress' | 'signal'>,
  input: Readable & {readonly isTTY?: boolean} = process.stdin,
): Promise<Spooled> {
  if (input.isTTY)
    throw new UsageError('prepare-data: --documents - reads JSONL from the standard input, which is a terminal', {
      suggestions: [`write: gzip -dc corpus.jsonl.gz | ${usage}`],
    })
  const folder = makePrivateFolder()
  const remove = () => {
    rmSync(folder, {recursive: true, force: true})
    process.off('exit', remove)
  }
  process.once('exit', remove)
  const file = join(folder, 'stdin.jsonl')
  const stage = progress.stage('read the standard input', undefined, 'bytes')
  input.on('data', ({length}: Buffer) => stage.advance(length))
  try {
    const text = (chunks: AsyncIterable<Uint8Array>) => checkedText(chunks, 'prepare-data: the standard input')
    await pipeline(input, text, createWriteStream(file, {mode: 0o600}), {signal})
  } catch (cause) {
    remove()
    if (cause instanceof DataError)
      throw new DataError(`${cause.message}; expected JSONL as plain text`, {
        cause,
        suggestions: [`write: gzip -dc corpus.jsonl.gz | ${usage}`, 'give the file itself: --documents FILE'],
      })
    if (signal.aborted) throw new Interrupted('prepare-data: stopped; nothing was written')
    throw new RuntimeFailure(`prepare-data: keeping the standard input in ${folder}: ${(cause as Error).message}`, {
      cause,
    })
  }
  stage.done()
  return {file, remove}
}

function makePrivateFolder(): string {
  const parent = tmpdir()
  try {
    return mkdtempSync(join(parent, 'rpt-stdin-'))
  } catch (cause) {
    const message = `prepare-data: keeping the standard input in ${parent}, the folder for temporary files (TMPDIR)`
    throw new RuntimeFailure(`${message}: ${(cause as Error).message.split(',')[0]}`, {
      cause,
      suggestions: ['set TMPDIR to a folder that is there, can be written, and has room for the documents'],
    })
  }
}
