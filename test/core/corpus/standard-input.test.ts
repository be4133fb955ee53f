import {existsSync, readFileSync, statSync} from 'node:fs'
import {dirname} from 'node:path'
import {PassThrough, Readable} from 'node:stream'
import {describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {spoolStandardInput} from '../../../src/core/corpus/standard-input.js'
import {Interrupted, UsageError} from '../../../src/core/util/errors.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {read} from './read-folder.js'

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
