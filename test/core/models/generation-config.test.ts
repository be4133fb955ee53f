import {mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {readGenerationConfig} from '../../../src/core/models/generation-config.js'
import {DataError} from '../../../src/core/util/errors.js'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rpt-generation-'))
  file = join(folder, 'generation_config.json')
})

afterEach(() => rmSync(folder, {recursive: true}))

it('has the fields of the file, none where there is no file', () => {
  expect(readGenerationConfig(folder)).toEqual({})
  writeFileSync(file, '{"temperature": 0.6}')
  expect(readGenerationConfig(folder)).toEqual({temperature: 0.6})
})

// Nobody, not even root, can read the first byte of a process's memory.
it.runIf(process.platform === 'linux')('is refused as an input where the file system refuses to read it', () => {
  symlinkSync('/proc/self/mem', file)
  expect(() => readGenerationConfig(folder)).toThrow(DataError)
  expect(() => readGenerationConfig(folder)).toThrow(`reading ${file}: the disk reported an error (EIO)`)
})
