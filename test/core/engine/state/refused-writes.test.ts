import {mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {RuntimeFailure} from '../../../../src/core/util/errors.js'
import {adaptedEngine, randomBase} from '../../../support/adapted.js'
import {temporaryFolder, tinyEngine} from '../../../support/tiny-engine.js'

it.each(['config.json', 'adapter_config.json', 'merged'])(
  'a checkpoint whose %s the file system refuses names it, the reason, and what to try',
  async (name) => {
    const engine = name === 'config.json' ? await tinyEngine() : await adaptedEngine(await randomBase())
    const folder = temporaryFolder()
    mkdirSync(join(folder, name))
    const saving = engine.save(folder, false, {dtype: 'float32', isMerged: true})
    await expect(saving).rejects.toThrow(RuntimeFailure)
    await expect(saving).rejects.toThrow(`${join(folder, name)}: `)
    await expect(saving).rejects.toMatchObject({suggestions: [expect.any(String)]})
    await engine.close()
  },
)
