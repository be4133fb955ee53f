import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeEach, expect, it} from 'vitest'
import {readLockFile, removeLockFile} from '../../../src/core/files/lock-file.js'

const folder = mkdtempSync(join(tmpdir(), 'rpt-lock-file-'))
const path = join(folder, 'lock')
let back: string[]
const putBack = (aside: string, content: string) => {
  back.push(content)
  expect(aside, 'known for a leftover where the process is killed now').toMatch(/lock\.rpt-old-\d+-[0-9a-f]{8}$/)
  expect(readFileSync(aside, 'utf8')).toBe(content)
}

beforeEach(() => {
  back = []
})
afterAll(() => rmSync(folder, {recursive: true, force: true}))

it('takes away the file that was seen', () => {
  writeFileSync(path, 'dead')
  removeLockFile(path, 'dead', putBack)
  expect(back).toEqual([])
  expect(readdirSync(folder)).toEqual([])
})

it('puts back what another process wrote after it was seen', () => {
  writeFileSync(path, 'living')
  removeLockFile(path, 'dead', putBack)
  expect(back).toEqual(['living'])
  expect(readdirSync(folder)).toEqual([])
})

it('does nothing where another process was faster', () => {
  removeLockFile(path, 'dead', putBack)
  expect(readLockFile(path)).toBeNull()
  expect(back).toEqual([])
  expect(existsSync(path)).toBe(false)
})
