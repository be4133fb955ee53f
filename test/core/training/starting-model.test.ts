import {cpSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import {hashFile} from '../../../src/core/files/index.js'
import {writeAdapterConfig} from '../../../src/core/models/adapter-files.js'
import {fingerprintOfStart, startingModel} from '../../../src/core/training/starting-model.js'
import {fingerprintOfModel} from '../../../src/core/weights/index.js'
import {adapterOn, randomBase} from '../../support/adapted.js'
import {temporaryFolder} from '../../support/tiny-engine.js'
import {toyServices} from '../../support/toy-run.js'

let base: string
let adapters: string
const lora = {rank: 3, alpha: 6, rsLora: false, targets: ['q_proj', 'v_proj'] as const}

beforeAll(async () => {
  base = await randomBase()
  adapters = temporaryFolder()
  await writeAdapterConfig(adapters, adapterOn({...lora, base: {name: base, revision: null}}))
})

const sourceOf = (model: object, changes: object = {}, seed = 7) =>
  startingModel(configSchema.parse({model, seed, lora: changes}), toyServices(), {})

describe('training starts', () => {
  it('from random weights of the seed, known by their config.json', async () => {
    const config = join(base, 'config.json')
    const source = await sourceOf({config})
    const {init} = configSchema.parse({}).model
    expect(source).toMatchObject({place: null, adapter: null, objective: null, weights: {config, init, seed: 7}})
    expect(fingerprintOfStart(source)).toBe(hashFile(config))
  })

  it('from a checkpoint, known by its weights, with fresh adapters of the seed where they are asked for', async () => {
    const whole = await sourceOf({path: base})
    expect(whole).toMatchObject({adapter: null, weights: {checkpoint: base}})
    expect(fingerprintOfStart(whole)).toBe(fingerprintOfModel(base))
    const fresh = {...lora, base: {name: base, revision: null}}
    expect(await sourceOf({path: base}, lora)).toMatchObject({
      adapter: fresh,
      weights: {checkpoint: base, adapter: {fresh, seed: 7}},
    })
  })

  it('from adapters, which go on where the same are trained, and are merged where all weights are', async () => {
    const weights = async (changes: object) => (await sourceOf({path: adapters}, changes)).weights
    expect(await weights(lora)).toEqual({checkpoint: base, adapter: {folder: adapters, isMerged: false}})
    expect(await weights({})).toEqual({checkpoint: base, adapter: {folder: adapters, isMerged: true}})
  })

  it.each([
    ['rank', 4, 3],
    ['alpha', 5, 6],
    ['rsLora', true, false],
    ['targets', ['q_proj'], ['q_proj', 'v_proj']],
  ])('from no adapters of another lora.%s', async (key, asked, saved) => {
    await expect(sourceOf({path: adapters}, {...lora, [key]: asked})).rejects.toMatchObject({
      message: expect.stringContaining(`with lora.${key} ${saved}; the settings ask for lora.${key} ${asked}`),
      suggestions: [`continue with them: --set lora.${key}=${JSON.stringify(saved)}`, expect.any(String)],
    })
  })
})

it('the fingerprint of random weights is that of their config.json alone', async () => {
  const folder = temporaryFolder()
  cpSync(base, folder, {recursive: true})
  writeFileSync(join(folder, 'model.safetensors'), 'other')
  const [one, other] = await Promise.all([base, folder].map((from) => sourceOf({config: join(from, 'config.json')})))
  expect(fingerprintOfStart(one)).toBe(fingerprintOfStart(other))
})
