import {type ChildProcess, spawn, spawnSync} from 'node:child_process'
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {hostname} from 'node:os'
import {describe, expect, it} from 'vitest'
import {lockFolder} from '../../../src/core/files/index.js'
import {RuntimeFailure, UsageError} from '../../../src/core/util/errors.js'
import {useFolder} from './samples.js'

const at = useFolder()
const deadPid = spawnSync(process.execPath, ['-e', '']).pid

function writeLock(owner: object): void {
  writeFileSync(at('run.lock'), JSON.stringify({start: null, host: hostname(), ...owner}))
}

describe('the lock of a folder', () => {
  it('is held until it is released', async () => {
    const lock = await lockFolder(at())
    await expect(lockFolder(at())).rejects.toThrow(UsageError)
    await expect(lockFolder(at())).rejects.toThrow(`run.lock: locked by process ${process.pid}`)
    lock.release()
    lock.release()
    expect(readdirSync(at())).toEqual([])
    const again = await lockFolder(at())
    again.release()
  })

  it('is refused while another process lives, and taken over once it is dead', async () => {
    const other: ChildProcess = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'])
    const ended = new Promise((done) => other.once('exit', done))
    writeLock({pid: other.pid})
    await expect(lockFolder(at())).rejects.toThrow(`locked by process ${other.pid}`)
    other.kill('SIGKILL')
    await ended
    const lock = await lockFolder(at())
    expect(JSON.parse(readFileSync(at('run.lock'), 'utf8')).pid).toBe(process.pid)
    expect(readdirSync(at())).toEqual(['run.lock'])
    lock.release()
  })

  it('is taken over from a dead process, a namesake that started at another time, and a damaged file', async () => {
    const stale = [{pid: deadPid}, {pid: process.pid}, {pid: process.pid, start: '1'}, {pid: 'x'}]
    for (const owner of stale) {
      writeLock(owner)
      const lock = await lockFolder(at())
      lock.release()
    }
    writeFileSync(at('run.lock'), '')
    const lock = await lockFolder(at())
    lock.release()
    expect(existsSync(at('run.lock'))).toBe(false)
  })

  it('is never taken over from another machine', async () => {
    writeLock({pid: deadPid, host: 'elsewhere'})
    await expect(lockFolder(at())).rejects.toThrow(`locked by process ${deadPid} on elsewhere`)
  })

  it('is not removed when it has become that of another', async () => {
    const lock = await lockFolder(at())
    writeLock({pid: process.ppid})
    lock.release()
    expect(existsSync(at('run.lock'))).toBe(true)
  })

  it('cannot be taken in a folder that is not there', async () => {
    await expect(lockFolder(at('absent'))).rejects.toThrow(RuntimeFailure)
  })
})
