import {spawnSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {hostname} from 'node:os'
import {basename, join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {guardWrite, sweepTemporary, verifyFolder, writeFolder} from '../../../src/core/files/index.js'
import {DataError, RuntimeFailure} from '../../../src/core/util/errors.js'
import {useFolder} from './samples.js'

const at = useFolder()

/** The id of a process that has ended. */
const deadPid = spawnSync(process.execPath, ['-e', '']).pid

async function fill(folder: string): Promise<void> {
  mkdirSync(join(folder, 'deep'))
  writeFileSync(join(folder, 'b.txt'), 'b')
  writeFileSync(join(folder, 'deep', 'a.txt'), 'aa')
}

describe('a folder', () => {
  it('appears complete, with a manifest of sizes, hashes and the fields of the caller', async () => {
    let step = 0
    const manifest = await writeFolder(
      at('out/step-1'),
      async (folder) => {
        expect(existsSync(at('out/step-1'))).toBe(false)
        await fill(folder)
        step = 7
      },
      () => ({step}),
    )
    expect(readdirSync(at('out'))).toEqual(['step-1'])
    expect(JSON.parse(readFileSync(at('out/step-1/manifest.json'), 'utf8'))).toEqual(manifest)
    expect(manifest.step).toBe(7)
    expect(Object.keys(manifest.files)).toEqual(['b.txt', 'deep/a.txt'])
    expect(manifest.files['b.txt']).toEqual({
      size: 1,
      sha256: '3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d',
    })
    expect(verifyFolder(at('out/step-1'))).toEqual({kind: 'valid', manifest})
  })

  it('has the same manifest for the same files', async () => {
    await writeFolder(at('a'), fill)
    await writeFolder(at('b'), fill)
    expect(readFileSync(at('a/manifest.json'), 'utf8')).toBe(readFileSync(at('b/manifest.json'), 'utf8'))
  })

  it('replaces the one that was there, once it is complete', async () => {
    await writeFolder(at('a'), fill)
    const failing = writeFolder(at('a'), async () => {
      throw new DataError('no')
    })
    await expect(failing).rejects.toThrow(DataError)
    expect(verifyFolder(at('a')).kind).toBe('valid')
    await writeFolder(at('a'), async (folder) => writeFileSync(join(folder, 'new'), ''))
    expect(readdirSync(at('a'))).toEqual(['manifest.json', 'new'])
    expect(readdirSync(at())).toEqual(['a'])
  })

  it.each<[string, (folder: string) => void, RegExp]>([
    ['has no manifest', (folder) => rmSync(join(folder, 'manifest.json')), /manifest\.json is missing/],
    [
      'has half a manifest',
      (folder) => writeFileSync(join(folder, 'manifest.json'), '{"files":'),
      /manifest\.json, .*is not JSON/,
    ],
    ['lists no files', (folder) => writeFileSync(join(folder, 'manifest.json'), 'null'), /the whole is null/],
    ['lacks a file', (folder) => rmSync(join(folder, 'b.txt')), /b\.txt is missing/],
    ['has a longer file', (folder) => writeFileSync(join(folder, 'b.txt'), 'bb'), /has 2 bytes, expected 1/],
    ['has a changed file', (folder) => writeFileSync(join(folder, 'b.txt'), 'c'), /b\.txt has changed/],
    [
      'points outside',
      (folder) => writeFileSync(join(folder, 'manifest.json'), '{"files":{"../x":{"size":0,"sha256":""}}}'),
      /outside the folder/,
    ],
  ])('is not valid when it %s', async (_, damage, reason) => {
    await writeFolder(at('a'), fill)
    damage(at('a'))
    expect(verifyFolder(at('a'))).toEqual({kind: 'invalid', reason: expect.stringMatching(reason)})
  })

  it('that a killed process left is removed, and one of a living process is not', async () => {
    for (const name of [`a.rpt-tmp-${deadPid}`, `b.rpt-tmp-${process.ppid}`, `c.rpt-tmp-${process.pid}`, 'd.rpt-tmp-x'])
      mkdirSync(at(name))
    expect(await sweepTemporary(at())).toEqual([`a.rpt-tmp-${deadPid}`, `c.rpt-tmp-${process.pid}`].sort())
    expect(readdirSync(at())).toEqual([`b.rpt-tmp-${process.ppid}`, 'd.rpt-tmp-x'])
    expect(await sweepTemporary(at('absent'))).toEqual([])
  })

  it('that was being replaced when its process died is put back', async () => {
    await writeFolder(at('a'), fill)
    renameSync(at('a'), at(`a.rpt-old-${deadPid}`))
    mkdirSync(at(`a.rpt-tmp-${deadPid}`))
    await sweepTemporary(at())
    expect(readdirSync(at())).toEqual(['a'])
    expect(verifyFolder(at('a')).kind).toBe('valid')
  })

  it('that is being filled is not swept', async () => {
    await writeFolder(at('a'), async (folder) => {
      await sweepTemporary(at())
      await fill(folder)
    })
    expect(verifyFolder(at('a')).kind).toBe('valid')
  })
})

describe('a place that cannot be written', () => {
  it('is named with the errno', async () => {
    writeFileSync(at('file'), '')
    const writing = writeFolder(at('file/a'), fill)
    await expect(writing).rejects.toThrow(RuntimeFailure)
    await expect(writing).rejects.toThrow(/file\/a: a part of the path is a file, not a folder \(ENOTDIR\)/)
  })

  it.each(['EACCES', 'EROFS', 'ENOSPC', 'EPERM', 'EXYZ'])('maps %s to a failure with a suggestion', async (code) => {
    const writing = guardWrite('writing', '/x', () => {
      throw Object.assign(new Error('refused'), {code})
    })
    await expect(writing).rejects.toThrow(RuntimeFailure)
    await expect(writing).rejects.toMatchObject({message: expect.stringContaining(`(${code})`), exitCode: 1})
    await expect(writing).rejects.toHaveProperty('suggestions.length', 1)
  })

  it.skipIf(!existsSync('/dev/full'))('is told from a full disk', async () => {
    const writing = guardWrite('writing', '/dev/full', () => writeFileSync('/dev/full', 'x'))
    await expect(writing).rejects.toThrow('writing /dev/full: no space left on the disk (ENOSPC)')
  })

  it('does not hide our own mistakes', async () => {
    const writing = guardWrite('writing', '/x', () => {
      throw new TypeError('a bug')
    })
    await expect(writing).rejects.toThrow(TypeError)
  })
})

it('a manifest that names a file outside the folder is none, however the path winds', async () => {
  await writeFolder(at('a'), fill)
  const manifest = JSON.parse(readFileSync(at('a/manifest.json'), 'utf8'))
  writeFileSync(at('outside.txt'), 'b')
  const files = {...manifest.files, 'deep/../../outside.txt': manifest.files['b.txt']}
  writeFileSync(at('a/manifest.json'), JSON.stringify({...manifest, files}))
  expect(verifyFolder(at('a'))).toMatchObject({kind: 'invalid', reason: expect.stringContaining('outside the folder')})
})

it('what was being replaced goes where the new one is there, and targets of other names stay out of it', async () => {
  const others = [`a.v2.rpt-tmp-${deadPid}`, `ab.rpt-tmp-${deadPid}`]
  for (const name of ['a', `a.rpt-old-${deadPid}`, ...others]) mkdirSync(at(name))
  writeFileSync(at('a/new.txt'), 'new')
  expect(await sweepTemporary(at(), {only: 'a'})).toEqual([`a.rpt-old-${deadPid}`])
  expect(readdirSync(at()).sort()).toEqual(['a', ...others])
  expect(readdirSync(at('a'))).toEqual(['new.txt'])
})

describe('what a process of another machine is filling', () => {
  const ownHost = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)
  const names = [`a.rpt-tmp-${deadPid}-00000000`, `b.rpt-tmp-${process.pid}-00000000`]

  it('stays, whether or not a process here has its id; what a dead one of this machine left goes', async () => {
    const left = [`a.rpt-tmp-${deadPid}-${ownHost}`, `a.rpt-tmp-${process.pid}-${ownHost}`].sort()
    for (const name of [...names, ...left]) mkdirSync(at(name))
    const lines: string[] = []
    const warn = (line: string) => lines.push(line)
    expect(await sweepTemporary(at(), {warn})).toEqual(left)
    expect(readdirSync(at()).sort()).toEqual(names)
    // Nobody here can tell whether it is alive: what stays is named.
    const lineOf = (name: string) =>
      `${at(name)} is of a process on another machine or in another container: if that has ended, remove it`
    expect(lines).toEqual(names.map(lineOf))
    lines.length = 0
    await sweepTemporary(at(), {only: 'b', warn})
    expect(lines).toEqual([lineOf(names[1])])
  })

  it('goes where the folder is locked: nobody fills it', async () => {
    for (const name of names) mkdirSync(at(name))
    const warn = () => expect.unreachable()
    expect(await sweepTemporary(at(), {isLocked: true, warn})).toEqual(names)
  })

  it('has another name than what a process of this machine fills', async () => {
    await writeFolder(at('a'), async (folder) => {
      expect(basename(folder)).toBe(`a.rpt-tmp-${process.pid}-${ownHost}`)
      await fill(folder)
    })
  })
})
