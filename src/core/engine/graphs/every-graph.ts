import type {ModelConfig} from '../../models/model-config.js'
import {completionAttentionGraph, contextAttentionGraph} from './attention-segments.js'
import type {DecoderGraph} from './decoder-graph.js'
import {decodingStepGraph} from './decoding-step.js'
import {languageModelGraph} from './language-model.js'
import {feedForwardGraph, headsGraph, languageModelHeadGraph, policyHeadGraph} from './layer-segments.js'
import {logprobsGraph} from './logprobs.js'
import {policyGraph} from './policy.js'
import {prefillGraph} from './prefill.js'
import {rolloutLoopGraph} from './rollout-loop.js'
import {scoreGraph} from './score.js'

const sampling = {temperature: 1, greedy: false, endIds: [2]}
const objective = {clipEpsilon: 0.2, klCoef: 0.1, entropyCoef: 0.01}
const policy = {contexts: 2, groupSize: 4, contextLength: 16, completionLength: 8, trained: 20}
const block = {contexts: 2, groupSize: 4, contextLength: 16, queries: 8, keys: 8}

/** Every graph that the engine compiles for a model, of small shapes: what a device is checked with. */
export function everyGraph(model: ModelConfig): Readonly<Record<string, () => DecoderGraph>> {
  return {
    score: () => scoreGraph(model, {rows: 2, length: 16, topK: 8}),
    logprobs: () => logprobsGraph(model, {rows: 2, length: 16, asked: 8}, 1),
    prefill: () => prefillGraph(model, {contexts: 2, contextLength: 16}),
    'decoding step': () =>
      decodingStepGraph(
        model,
        {contexts: 2, groupSize: 4, contextLength: 16, capacity: 8, isEven: true, positions: 32},
        sampling,
      ),
    'rollout loop': () =>
      rolloutLoopGraph(model, {contexts: 2, groupSize: 4, contextLength: 16, capacity: 8}, sampling),
    'rollout loop in chunks': () =>
      rolloutLoopGraph(model, {contexts: 2, groupSize: 4, contextLength: 16, capacity: 600}, sampling),
    policy: () => policyGraph(model, policy, 1, objective),
    reference: () => policyGraph(model, policy, 1),
    'language model': () => languageModelGraph(model, {rows: 2, length: 16, trained: 20}),
    ...Object.fromEntries(
      (['forward', 'backward'] as const).flatMap((direction) => [
        [`heads, ${direction}`, () => headsGraph(model, {rows: 24, positions: 32, layer: 0}, direction)],
        [`feed-forward, ${direction}`, () => feedForwardGraph(model, {rows: 24, layer: 0}, direction)],
        [
          `attention of contexts, ${direction}`,
          () => contextAttentionGraph(model, {sequences: 2, queries: 8, keys: 16}, direction),
        ],
        [`attention of completions, ${direction}`, () => completionAttentionGraph(model, block, direction)],
      ]),
    ),
    'policy head': () => policyHeadGraph(model, {rows: 20}, 1, objective),
    'language-model head': () => languageModelHeadGraph(model, {rows: 20}),
  }
}
