import {fileURLToPath} from 'node:url'
import {expect, it} from 'vitest'
import {startEngine} from '../../../src/core/engine/start-engine.js'
import {tellNowAndThen} from '../../../src/core/util/tell.js'
import {optimizer, promptsOf, sampling, tinyEngine} from '../../support/tiny-engine.js'

it('words come a few times a second at the most, the first at once', () => {
  const heard: string[] = []
  let time = 0
  const tell = tellNowAndThen(
    (words) => heard.push(words),
    () => time,
  )
  for (time = 0; time < 1000; time += 10) tell(String(time))
  expect(heard).toEqual(['0', '250', '500', '750'])
})

it('every long call says how far it is, and gives the same whoever listens', async () => {
  const heard: string[] = []
  const request = {prompts: promptsOf([9, 12, 7], 2), maxTokens: 4, contextsPerBatch: 2, sampling}
  const rows = [8, 9, 10].map((length) => ({ids: Int32Array.from({length}, (_, i) => 3 + i), trainedFrom: 1}))
  const engine = await tinyEngine()
  const quiet = await engine.rollout(request)
  engine.watch((words) => heard.push(words))
  expect(await engine.rollout(request)).toEqual(quiet)
  await engine.score(
    rows.map(({ids}) => ids),
    {topK: 4, batchTokens: 16},
  )
  await engine.updateLanguageModel({rows, rowsPerMicroBatch: 1, optimizer, mode: 'whole'})
  expect(heard[0]).toBe('reading contexts, 0/2 done')
  expect(heard[1]).toMatch(/^sampling, \d\/3 contexts done, token 1$/)
  expect(heard).toContain('scoring, 3/3 sequences done')
  expect(heard.slice(-2)).toEqual(['update, micro-batch 3/3', 'update, optimizer'])
})

it('they come from the thread of an engine too', async () => {
  const heard: string[] = []
  const engine = startEngine({device: 'cpu', threads: 1})
  try {
    await engine.load({checkpoint: fileURLToPath(new URL('../../../experiments/tiny/base', import.meta.url))})
    engine.watch((words) => heard.push(words))
    await engine.score([Int32Array.of(1, 5, 6)], {topK: 4, batchTokens: 16})
    expect(heard).toEqual(['scoring, 1/1 sequences done'])
  } finally {
    await engine.close()
  }
})
