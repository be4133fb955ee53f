import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {hostname, tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {lockBlob} from '../../../src/core/hub/blob-lock.js'
import {Interrupted} from '../../../src/core/util/errors.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rpt-blob-lock-'))
})
afterEach(() => rmSync(folder, {recursive: true, force: true}))

/** Whoever has to wait is stopped at once. */
const lock = (path: string) => lockBlob(path, AbortSignal.abort(), () => {})

describe('a lock that names this process', () => {
  it('is left by a dead one with the same number, unless this one holds it', async () => {
    const path = join(folder, 'a.lock')
    writeFileSync(path, `${JSON.stringify({pid: process.pid, host: hostname()})}\n`)
    const own = await lock(path)
    await expect(lock(path)).rejects.toThrow(Interrupted)
    own.release()
    const again = await lock(path)
    again.release()
  })

  it('on another machine is not its own', async () => {
    const path = join(folder, 'b.lock')
    writeFileSync(path, `${JSON.stringify({pid: process.pid, host: `not-${hostname()}`})}\n`)
    await expect(lock(path)).rejects.toThrow(Interrupted)
  })
})
