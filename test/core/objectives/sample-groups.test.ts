import {describe, expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import {type Sampling, sampleGroups, shortageOf} from '../../../src/core/objectives/grpo/sample-groups.js'
import type {RewardedGroup} from '../../../src/core/records/records.js'
import type {SamplingRequest} from '../../../src/core/samplers/sampler.js'

/** A step of two items at a time, whose groups have such rewards one after the other, and what was asked of the sampler. */
async function sampled(items: readonly string[], rewards: readonly (readonly number[])[], tells = true) {
  const config = configSchema.parse({
    grpo: {groupSize: 2, contextsPerStep: 2, dynamicSampling: {fromStep: 1, maxBatches: 3, onShortage: 'warn'}},
  })
  const repeats: (readonly number[])[] = []
  let at = 0
  const sampling = {
    config,
    task: {factsOf: () => null, grade: () => null},
    sampler: {
      async sample(prompts: readonly unknown[], request: SamplingRequest) {
        repeats.push(request.repeats!)
        return {completions: prompts.map(() => [{}, {}]), uniformsNearStep: tells || at > 0 ? 1 : null}
      },
    },
    itemAt: (_: number, visit: number) => items[visit],
    promptOf: (item: string) => ({key: {source: item[0], index: Number(item[1])}}),
    reward: async (groups: readonly object[]) => ({
      groups: groups.map((group) => ({...group, rewards: rewards[at++].map((total) => ({total}))})),
      queryFlops: 5,
    }),
  } as unknown as Sampling<string>
  const found = await sampleGroups(sampling, 1, 0)
  return {found, repeats, said: shortageOf(config.grpo, found)}
}

const [live, dead] = [
  [0, 1],
  [1, 1],
]

describe('the groups of a step under dynamic sampling', () => {
  it('add up what all batches took', async () => {
    const {found, said} = await sampled(['a1', 'a2', 'a3', 'a4'], [dead, live, live, live])
    expect(found).toMatchObject({batches: 2, queryFlops: 10, uniformsNearStep: 2, dropped: 1, surplus: 1})
    expect(found.kept.map(({item}: RewardedGroup<string>) => item)).toEqual(['a2', 'a3'])
    expect(said).toBeNull()
    const {found: untold} = await sampled(['a1', 'a2', 'a3', 'a4'], [dead, live, live, live], false)
    expect(untold.uniformsNearStep).toBeNull()
  })

  it('are drawn anew where an item comes again, and not for another position of its document', async () => {
    const {repeats} = await sampled(['a1', 'a1', 'a2', 'b1', 'a1', 'b1'], Array(6).fill(dead))
    expect(repeats).toEqual([
      [0, 1],
      [0, 0],
      [2, 1],
    ])
  })

  it('are trained on where too few carry signal, if there are any', async () => {
    const six = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6']
    const found = (count: number) => `dynamic sampling found ${count} of 2 groups with signal among 6 in 3 batches`
    expect((await sampled(six, [dead, dead, live, dead, dead, dead])).said).toBe(`${found(1)}; it trains on those`)
    expect((await sampled(six, Array(6).fill(dead))).said).toBe(`${found(0)}; it trains on none`)
  })
})
