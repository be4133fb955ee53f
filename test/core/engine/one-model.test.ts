import {cpSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {LocalEngine} from '../../../src/core/engine/local-engine.js'
import {writeSafetensors} from '../../../src/core/weights/index.js'
import {randomBase} from '../../support/adapted.js'
import {readTensors} from '../../support/read-tensors.js'
import {engineModel, stateOf, temporaryFolder, tinyEngine} from '../../support/tiny-engine.js'
import {tinyModel} from '../../support/tiny-model.js'

/** Settings of random weights that note how many bytes arrays have when they are first read: those of the new weights are there. */
function noting() {
  const noted: {bytes?: number} = {}
  const init = {
    get embeddingStd() {
      noted.bytes ??= process.memoryUsage().arrayBuffers
      return 0.1
    },
    linearGain: 1,
    residualScale: 1,
  }
  return {noted, init}
}

it('a model is gone before the next one takes memory', async () => {
  // 8 MB of float32.
  const model = tinyModel({...engineModel.source, vocab_size: 2 ** 15})
  const config = join(await randomBase(model), 'config.json')
  const engine = new LocalEngine({device: 'cpu', threads: 1})
  const [first, second] = [noting(), noting()]
  for (const {init} of [first, second]) await engine.load({config, init, seed: 1})
  expect(second.noted.bytes! - first.noted.bytes!).toBeLessThan(4e6)
  await engine.close()
})

it('a checkpoint whose header is sound and whose values are not leaves no model', async () => {
  const engine = await tinyEngine()
  const folder = temporaryFolder()
  cpSync((await stateOf(engine)).folder, folder, {recursive: true})
  const file = join(folder, 'model.safetensors')
  const tensors = readTensors(file)
  tensors.get('model.norm.weight')!.data[0] = Number.NaN
  await writeSafetensors(file, tensors as Parameters<typeof writeSafetensors>[1])
  await expect(engine.load({checkpoint: folder})).rejects.toThrow(/norm\.weight/)
  await expect(engine.save(temporaryFolder(), false)).rejects.toThrow(/while no model was loaded/)
  await engine.close()
})
