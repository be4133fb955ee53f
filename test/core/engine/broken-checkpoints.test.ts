import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {beforeAll, expect, it} from 'vitest'
import {LocalEngine} from '../../../src/core/engine/local-engine.js'
import {DataError} from '../../../src/core/util/errors.js'
import {type Fault, faultMessages, faultNames, writeBrokenCheckpoints} from '../../support/broken-checkpoints.js'
import {temporaryFolder} from '../../support/tiny-engine.js'

const base = fileURLToPath(new URL('../../../experiments/tiny/base', import.meta.url))
/** What the engine alone cannot tell. */
const others: readonly Fault[] = ['small-vocabulary', 'other-tokenizer']
const names = faultNames.filter((name) => !others.includes(name))
const engine = new LocalEngine({device: 'cpu', threads: 1})
let models: string

beforeAll(() => {
  models = temporaryFolder()
  writeBrokenCheckpoints(base, models, names)
})

it.each(names)('a checkpoint with the fault %s is refused in one line', async (name) => {
  const error = await engine.load({checkpoint: join(models, name)}).catch((cause: unknown) => cause)
  expect(error).toBeInstanceOf(DataError)
  expect((error as DataError).message).toMatch(faultMessages[name])
  expect((error as DataError).message).not.toMatch(/\p{Cc}|undefined/u)
})

it('the checkpoint that they were made from loads', async () => {
  await expect(engine.load({checkpoint: base})).resolves.toMatchObject({parameterCount: expect.any(Number)})
  await engine.close()
})
