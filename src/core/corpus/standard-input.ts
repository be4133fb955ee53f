import {createWriteStream, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {Interrupted, RuntimeFailure, UsageError} from '../util/errors.js'
import type {Services} from '../util/services.js'

/** What `data.documents` is when documents come from the standard input, as JSONL. */
export const standardInput = '-'

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
 * @throws {Interrupted} when the signal is aborted
 * @throws {RuntimeFailure} when it cannot be written
 */
export async function spoolStandardInput(
  {progress, signal}: Pick<Services, 'progress' | 'signal'>,
  input: Readable & {readonly isTTY?: boolean} = process.stdin,
): Promise<Spooled> {
  if (input.isTTY)
    throw new UsageError('prepare-data: --documents - reads JSONL from the standard input, which is a terminal', {
      suggestions: ['write: zcat corpus.jsonl.gz | rpt prepare-data --documents - ...'],
    })
  const folder = mkdtempSync(join(tmpdir(), 'rpt-stdin-'))
  const remove = () => {
    rmSync(folder, {recursive: true, force: true})
    process.off('exit', remove)
  }
  process.once('exit', remove)
  const file = join(folder, 'stdin.jsonl')
  const stage = progress.stage('read the standard input', undefined, 'bytes')
  input.on('data', ({length}: Buffer) => stage.advance(length))
  try {
    await pipeline(input, createWriteStream(file, {mode: 0o600}), {signal})
  } catch (cause) {
    remove()
    if (signal.aborted) throw new Interrupted('prepare-data: stopped; nothing was written')
    throw new RuntimeFailure(`prepare-data: keeping the standard input in ${folder}: ${(cause as Error).message}`, {
      cause,
    })
  }
  stage.done()
  return {file, remove}
}
