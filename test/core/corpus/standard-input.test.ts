import {existsSync, readFileSync, statSync} from 'node:fs'
import {dirname} from 'node:path'
import {PassThrough, Readable} from 'node:stream'
import {gzipSync} from 'node:zlib'
import {describe, expect, it, vi} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {locateDocuments} from '../../../src/core/corpus/locate-documents.js'
import {spoolStandardInput} from '../../../src/core/corpus/standard-input.js'
import {DataError, Interrupted, RuntimeFailure, UsageError} from '../../../src/core/util/errors.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {failureOf, read} from './read-folder.js'

const services = (signal = new AbortController().signal) => ({progress: silentProgress, signal})

describe('the standard input', () => {
  it('is kept in a private file while it is read, and removed', async () => {
    const rows = '{"text": "a"}\n\n{"text": "b"}\n'
    const {file, remove} = await spoolStandardInput(services(), Readable.from([Buffer.from(rows)]))
    expect(readFileSync(file, 'utf8')).toBe(rows)
    expect([statSync(file).mode & 0o777, statSync(dirname(file)).mode & 0o777]).toEqual([0o600, 0o700])
    expect(await read(file, {name: 'stdin'})).toEqual([
      {docId: 'stdin:1', text: 'a'},
      {docId: 'stdin:3', text: 'b'},
    ])
    remove()
    expect(existsSync(dirname(file))).toBe(false)
  })

  it.each([
    ['is not JSON', '{"text": "a"}\n\n{"text"', /^standard input, line 3 is not JSON/],
    ['is not UTF-8', Buffer.of(0x0a, 0xff, 0x0a), /^standard input, line 2 is not UTF-8/],
    ['lacks a field', '{"text": "a"}\n{"body": "b"}\n', /^standard input, line 2: field text is missing/],
    ['holds messages', '{"text": [{"role": "user", "content": "a"}]}\n', /^standard input, line 1 holds messages/],
    ['is not there', '', /^standard input holds no documents/],
  ])('is called so, with the line, where a row %s', async (_, rows, message) => {
    const stdin = vi.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from([Buffer.from(rows)]) as never)
    const {path, release, ...located} = await locateDocuments(
      {documents: '-', split: 'train', subset: undefined},
      services(),
    )
    stdin.mockRestore()
    expect((await failureOf(path, located)).message).toMatch(message)
    release!()
  })

  it('is let go of when the user asks to stop, and nothing of it stays', async () => {
    const listeners = process.listenerCount('exit')
    const stopping = new AbortController()
    const input = new PassThrough()
    input.write('{"text"')
    setTimeout(() => stopping.abort(), 20)
    await expect(spoolStandardInput(services(stopping.signal), input)).rejects.toThrow(Interrupted)
    expect(input.destroyed).toBe(true)
    expect(process.listenerCount('exit')).toBe(listeners)
  })

  it('is refused where it is compressed, saying how to give it, and nothing of it stays', async () => {
    const listeners = process.listenerCount('exit')
    const failed = spoolStandardInput(services(), Readable.from([gzipSync('{"text": "a"}\n')]))
    await expect(failed).rejects.toThrow(DataError)
    await expect(failed).rejects.toMatchObject({
      message: 'prepare-data: the standard input is compressed with gzip; expected JSONL as plain text',
      suggestions: [expect.stringContaining('gzip -dc'), expect.stringContaining('--documents FILE')],
    })
    expect(process.listenerCount('exit')).toBe(listeners)
  })

  it('is refused where the folder for temporary files does not exist', async () => {
    vi.stubEnv('TMPDIR', '/nowhere/tmp')
    const failed = spoolStandardInput(services(), Readable.from([]))
    await expect(failed).rejects.toThrow(RuntimeFailure)
    await expect(failed).rejects.toMatchObject({
      message: expect.stringMatching(/^prepare-data: keeping the standard input in \/nowhere\/tmp.*\(TMPDIR\): ENOENT/),
      suggestions: [expect.stringContaining('set TMPDIR')],
    })
    vi.unstubAllEnvs()
  })

  it('is refused where it is a terminal', async () => {
    const terminal = Object.assign(Readable.from([]), {isTTY: true})
    await expect(spoolStandardInput(services(), terminal)).rejects.toThrow(UsageError)
  })

  it('is no path: a file of that name is ./-', () => {
    const documents = (value: string) =>
      loadConfig({sets: [`data.documents=${value}`], cwd: '/x'}).config.data.documents
    expect([documents("'-'"), documents('./-')]).toEqual(['-', '/x/-'])
  })
})
