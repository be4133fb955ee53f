import {expect, it} from 'vitest'
import {unlike} from '../../../src/core/report/likeness.js'

const of = (settings: Readonly<Record<string, string | number>>) => ({settings, cutTokens: 0})

it('two evaluations with other stop texts are not alike, also where an older table does not write that there are none', () => {
  const [stopped, free, older] = [
    of({'rollout.maxTokens': 24, 'rollout.stop': '["###"]'}),
    of({'rollout.maxTokens': 24, 'rollout.stop': '[]'}),
    of({'rollout.maxTokens': 24}),
  ]
  expect(unlike(stopped, free)).toEqual(['rollout.stop ["###"] and []'])
  expect(unlike(older, stopped)).toEqual(['rollout.stop [] and ["###"]'])
  expect(unlike(stopped, older)).toEqual(['rollout.stop ["###"] and []'])
  expect(unlike(older, free)).toEqual([])
  // A mode that samples nothing has no stop texts.
  expect(unlike(of({'eval.standardContext': 'same'}), stopped)).toEqual([])
})
