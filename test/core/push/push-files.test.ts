import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeEach, describe, expect, it} from 'vitest'
import {writeFolder} from '../../../src/core/files/index.js'
import {previewPush} from '../../../src/core/push/push.js'
import {chooseFiles, madeHere, readFiles} from '../../../src/core/push/push-files.js'
import {openTrainedRun, type TrainedRun} from '../../../src/core/push/trained-run.js'
import {trainerStateFile} from '../../../src/core/runs/trainer-state.js'
import {metricsTable, writeTable} from '../../../src/core/tables/index.js'
import {Interrupted} from '../../../src/core/util/errors.js'
import {temporaryFolder} from '../../support/tiny-engine.js'
import {toyServices} from '../../support/toy-run.js'

let folder: string
beforeEach(() => {
  folder = temporaryFolder()
})

/** A checkpoint whose files hold two bytes each. */
function checkpointOf(...names: readonly string[]): TrainedRun {
  for (const name of names) writeFileSync(join(folder, name), '{}')
  const files = Object.fromEntries(names.map((name) => [name, {size: 2, sha256: ''}]))
  return {folder, files} as unknown as TrainedRun
}

describe('the files of a checkpoint', () => {
  it('are those that any tokenizer is read from, too, and none of the optimizer', () => {
    const sent = [
      'added_tokens.json',
      'config.json',
      'merges.txt',
      'model.safetensors',
      'tokenizer.model',
      'vocab.json',
    ]
    const run = checkpointOf(...sent, 'optimizer.safetensors', 'trainer-state.json')
    expect(chooseFiles(run, null).map(({path}) => path)).toEqual(sent)
  })

  it('are no model without its weights', () => {
    expect(() => chooseFiles(checkpointOf('config.json'), null)).toThrow('is damaged: model.safetensors is missing')
  })

  it('are read until the user stops', async () => {
    const [run, signal] = [checkpointOf('config.json'), AbortSignal.abort()]
    const stopped = readFiles(run, [madeHere('README.md', 'text')], {...toyServices(), signal})
    await expect(stopped).rejects.toThrow(Interrupted)
  })
})

describe('a run to push', () => {
  beforeEach(() => {
    const identity = {rpt: 'run', version: '0.0.0', command: 'train', settings: {}, inputs: null}
    writeFileSync(join(folder, 'run.json'), JSON.stringify(identity))
    writeFileSync(join(folder, 'config.resolved.yaml'), 'seed: 0\n')
  })

  it('needs a checkpoint, which comes with time', async () => {
    await expect(openTrainedRun(folder)).rejects.toMatchObject({
      message: `push: ${folder} has no checkpoint; found: none`,
      suggestions: ['continue training until one is written: --resume'],
    })
  })

  it('needs the manifest of its checkpoint', async () => {
    mkdirSync(join(folder, 'checkpoints', 'step-000003'), {recursive: true})
    await expect(openTrainedRun(folder)).rejects.toThrow(/is damaged: .*manifest\.json is missing$/)
  })

  it('is warned of where no base on the Hub is known, and none is named', async () => {
    const state = {step: 3, objective: 'ntp', visits: 0, numTokens: 0, wallSeconds: 0, configHash: '', seed: 0}
    await writeFolder(join(folder, 'checkpoints', 'step-000003'), async (checkpoint) => {
      writeFileSync(join(checkpoint, trainerStateFile), JSON.stringify(state))
      for (const name of ['config.json', 'model.safetensors']) writeFileSync(join(checkpoint, name), '{}')
    })
    await writeTable(join(folder, 'metrics.arrow'), metricsTable, [])
    const warnedOf = async (baseModel?: string) => {
      const lines: string[] = []
      await previewPush({run: folder, repository: 'hf:me/toy', baseModel}, toyServices({command: 'push'}, lines))
      return lines.some((line) => line.includes('the card names no base model'))
    }
    expect([await warnedOf(), await warnedOf('owner/base')]).toEqual([true, false])
  })

  it('has a message with some text, if any', async () => {
    const blank = previewPush({run: folder, repository: 'hf:me/toy', message: '  '}, toyServices({command: 'push'}))
    await expect(blank).rejects.toThrow('push: --message is "  "; needs one line of text')
  })
})
