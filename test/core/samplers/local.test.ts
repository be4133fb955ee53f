import {describe, expect, it} from 'vitest'
import type {Prompt} from '../../../src/core/records/records.js'
import {localSampler} from '../../../src/core/samplers/local.js'
import type {SamplingRequest} from '../../../src/core/samplers/sampler.js'
import {promptsOf, tinyEngine} from '../../support/tiny-engine.js'

const settings: SamplingRequest = {
  groupSize: 3,
  maxTokens: 10,
  temperature: 1,
  contextsPerBatch: 4,
  stop: [],
  streamKeys: {seed: 1, purpose: 'rollout', step: 5},
}

/** Tokens of one letter each, the 97 from U+0100 on. */
const letters = {vocabSize: 97, bytesOf: (id: number) => new TextEncoder().encode(String.fromCharCode(256 + id))}

function prompt(source: string, index: number): Prompt {
  const [{ids}] = promptsOf([9], 1)
  return {key: {source, index}, ids, contextTokens: ids.length, cutTokens: 0}
}

async function idsOf(prompts: readonly Prompt[], changes: Partial<SamplingRequest> = {}): Promise<string[][]> {
  const engine = await tinyEngine()
  const {completions} = await localSampler(engine, {endIds: [2]}, letters).sample(prompts, {...settings, ...changes})
  await engine.close()
  return completions.map((group) => group.map(({ids}) => ids.join(' ')))
}

describe('a completion depends on', () => {
  const here = prompt('a:0', 9)

  it('how often its position came before in the step, if it did', async () => {
    const [[once]] = await idsOf([here])
    const [[first], [again]] = await idsOf([here, here], {repeats: [0, 1]})
    expect(first).toBe(once)
    expect(again).not.toBe(once)
  })

  it('its sample number, document, position, step, purpose and seed', async () => {
    const [[first, second], [elsewhere], [later]] = await idsOf([here, prompt('b:0', 9), prompt('a:0', 10)])
    const keys = {...settings.streamKeys}
    const others = [{seed: 2}, {purpose: 'eval'}, {step: 6}].map((change) => ({streamKeys: {...keys, ...change}}))
    const changed = await Promise.all(others.map(async (change) => (await idsOf([here], change))[0][0]))
    expect(new Set([first, second, elsewhere, later, ...changed]).size).toBe(7)
  })

  it('no other prompt and no other sample', async () => {
    const [alone] = await idsOf([here])
    const [, among] = await idsOf([prompt('b:0', 3), here, prompt('c:1', 4)], {groupSize: 5})
    expect(among.slice(0, 3)).toEqual(alone)
  })

  it('no random number when it is greedy', async () => {
    const streamKeys = {...settings.streamKeys, seed: 77}
    const [[first, second]] = await idsOf([here], {greedy: true})
    expect(await idsOf([here], {greedy: true, streamKeys, groupSize: 1})).toEqual([[first]])
    expect(second).toBe(first)
  })
})
