import {tmpdir} from 'node:os'
import {expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {unreadKeys} from '../../../src/core/preparation/unread-keys.js'

it.each([
  [['data.selectBand=[1,2]'], ['data.selectBand is [1,2] (set by --set)', 'data.select=threshold', 'data.select=band']],
  [
    ['data.select=band', 'data.selectBand=[1,2]', 'data.topShare=0.5'],
    ['data.topShare is 0.5 (set by --set)', 'data.select=band', 'data.select=top or data.select=random'],
  ],
  [
    ['data.select=random', 'data.topShare=0.5', 'data.selectThreshold=1'],
    ['data.selectThreshold is 1 (set by --set)', 'data.select=random', 'data.select=threshold'],
  ],
  [
    ['data.documentsOnly=true', 'data.selectThreshold=1'],
    [
      'data.selectThreshold is 1 (set by --set)',
      'data.documentsOnly, which scores no position,',
      'data.select=threshold',
    ],
  ],
])('of %j, one setting is not read', (sets, [seen, reader, readers]) => {
  const lines = unreadKeys(loadConfig({command: 'prepare-data', sets, cwd: tmpdir()}))
  expect(lines).toEqual([`prepare-data: ${seen}, but ${reader} does not read it; ${readers} does`])
})

it.each([
  [[]],
  [['data.selectThreshold=1']],
  [['data.select=band', 'data.selectBand=[1,2]']],
  [['data.select=top', 'data.topShare=0.5', 'data.selectThreshold=0.5']],
])('of %j, every setting is read, or as by default', (sets: string[]) => {
  expect(unreadKeys(loadConfig({command: 'prepare-data', sets, cwd: tmpdir()}))).toEqual([])
})
