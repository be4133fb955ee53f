import {expect, it} from 'vitest'
import type {Completion, ScoredGroup, Verdict} from '../../../src/core/records/records.js'
import type {Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {rolloutRows} from '../../../src/core/training/rollout-rows.js'

const tokenizer = {decode: (ids: Int32Array) => `text of ${ids}`} as unknown as Tokenizer
const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const completion = (id: number, stopReason: Completion['stopReason']): Completion => ({
  ids: Int32Array.of(id),
  oldLogprobs: Float32Array.of(-id),
  stopReason,
})

const right: Verdict = {outcome: 'parsed', answer: bytes('A'), correct: true, explanation: 'of the verdict'}
const cut: Verdict = {outcome: 'truncated', answer: null, correct: false, explanation: 'of the verdict'}

/** Two completions that differ in everything. */
function group(index: number): ScoredGroup<unknown> {
  return {
    item: null,
    facts: {task: 'next-token', truth: bytes('A!'), boundaries: Int32Array.of(1, 2), stratum: 'hard', cluster: 'c'},
    prompt: {key: {source: 'a.jsonl:0', index}, ids: Int32Array.of(index, 9), contextTokens: 3, cutTokens: index + 1},
    completions: [completion(5, 'end-of-text'), completion(6, 'length')],
    verdicts: [right, cut],
    rewards: [
      {total: 1, parts: {correct: 1, overlong: 0}, explanation: 'right'},
      {total: -0.5, parts: {correct: 0, overlong: -0.5}, explanation: 'too long'},
    ],
    advantages: [2, -2],
  }
}

it('a row of rollouts holds one completion with what it was sampled from, scored and trained as', () => {
  const rows = rolloutRows(3, [group(40), group(41)], tokenizer)
  expect(rows.map(({group, sample}) => [group, sample])).toEqual([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ])
  const ofContext = {
    step: 3,
    doc_id: 'a.jsonl:0',
    position: 41,
    group: 1,
    prompt_ids: Int32Array.of(41, 9),
    truth: bytes('A!'),
    boundaries: Int32Array.of(1, 2),
    cut_tokens: 42,
    task: 'next-token',
    item: 'a.jsonl:0@41',
    cluster: 'c',
  }
  expect(rows[2]).toEqual({
    ...ofContext,
    sample: 0,
    completion_ids: Int32Array.of(5),
    completion_text: 'text of 5',
    old_logprobs: Float32Array.of(-5),
    stop_reason: 'end-of-text',
    outcome: 'parsed',
    prediction: bytes('A'),
    correct: true,
    reward: 1,
    reward_parts: {correct: 1, overlong: 0},
    explanation: 'right',
    advantage: 2,
  })
  expect(rows[3]).toEqual({
    ...ofContext,
    sample: 1,
    completion_ids: Int32Array.of(6),
    completion_text: 'text of 6',
    old_logprobs: Float32Array.of(-6),
    stop_reason: 'length',
    outcome: 'truncated',
    prediction: null,
    correct: false,
    reward: -0.5,
    reward_parts: {correct: 0, overlong: -0.5},
    explanation: 'too long',
    advantage: -2,
  })
})
