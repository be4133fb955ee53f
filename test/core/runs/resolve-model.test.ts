import {mkdirSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {expect, it} from 'vitest'
import {resolveModel} from '../../../src/core/runs/resolve-model.js'
import type {DataError} from '../../../src/core/util/errors.js'
import {temporaryFolder} from '../../support/tiny-engine.js'

it.each([
  ['a file', 'model.safetensors', 'it is a file', (path: string) => dirname(path)],
  ['the folder of checkpoints', 'checkpoints', 'it holds the checkpoints of a run', (path: string) => dirname(path)],
])('%s is no model: the error says what it is and what to give', async (_, name, what, remedy) => {
  const path = join(temporaryFolder(), name)
  if (name === 'checkpoints') mkdirSync(join(path, 'step-000004'), {recursive: true})
  else writeFileSync(path, '')
  const error = (await resolveModel(path).catch((reason) => reason)) as DataError
  expect(error.message).toBe(`${path} has no checkpoint; ${what}`)
  expect(error.suggestions.join()).toContain(remedy(path))
})
