import {heldOutInexpressible} from '../prepared/inexpressible.js'
import {splitRuleOf} from '../prepared/prepared.js'
import {contextAt} from '../prompts/contexts.js'
import {renderPrompt} from '../prompts/prompts.js'
import {clusterOf} from '../records/cluster-of.js'
import {type Context, type Difficulty, difficulties, type ItemFacts, type Target} from '../records/records.js'
import {verdictOf} from '../rewards/parse.js'
import {explainPrefix, prefixReward} from '../rewards/prefix-match.js'
import {splitsOf} from '../statistics/split.js'
import {standardMode} from './next-token-standard.js'
import type {LeftOut, Task, TaskKind, TaskOpening} from './task.js'

/** Next-token prediction (RPT, section 3): an item is a kept position of a document, its answer a prefix of what follows. */
export const nextToken: TaskKind = {
  name: 'next-token',
  noun: 'positions',
  needs: ['data.dir'],
  readsDocuments: true,
  files: () => ({}),
  promptSettings: ({prompt}) => prompt,
  endsThought: true,
  templateKeys: ['prompt.template', 'prompt.templateFile'],
  sharedKeys: [['prompt.maxTokens'], ['rollout.maxTokens'], ['rollout.stop'], ['reward.maxReferenceTokens']],
  splitKeys: [],
  open: async (opening) => nextTokenTask(opening),
}

/** The positions of prepared data as items; see `nextToken`. */
export function nextTokenTask({config, data, model}: TaskOpening): Task<Context> {
  const {tokenizer, documents} = data
  const {maxReferenceTokens} = config.reward
  const positions = {train: data.trainPositions, val: data.heldOutPositions}
  const contextOf = ({docId, position, difficulty}: Target) =>
    contextAt(documents.get(docId), position, difficulty, tokenizer, maxReferenceTokens)
  const promptOf = (context: Context, room: number) =>
    renderPrompt(tokenizer, config.prompt, {key: keyOf(context), tokenIds: context.tokenIds}, room)
  return {
    name: nextToken.name,
    size: {train: positions.train.length, val: positions.val.length},
    noun: nextToken.noun,
    orderName: 'contexts',
    emptyNotes: {
      train: `${data.folder} has no training positions; prepare it with a proxy and a lower threshold`,
      val: `${data.folder} has no held-out positions; lower data.thresholds or hold out more documents`,
    },
    strata: difficulties,
    splits: splitsOf(splitRuleOf(data)),
    promptSettings: config.prompt,
    gradeSettings: {'reward.maxReferenceTokens': maxReferenceTokens},
    traitsAt(index) {
      const target = positions.train.at(index)
      return {key: keyOf(target), stratum: target.difficulty, entropy: target.entropy}
    },
    itemAt: (partition, index) => contextOf(positions[partition].at(index)),
    keyOf,
    factsOf,
    promptOf,
    grade: (context, completion) =>
      verdictOf(tokenizer.concatBytes(completion.ids), completion.stopReason, (answer) => ({
        correct: isRight(answer, context),
        explanation: explainPrefix(answer, context),
      })),
    longestPrompt(partition) {
      const latest = latestOf(positions[partition])
      return latest ? promptOf(contextOf(latest), Number.POSITIVE_INFINITY).ids.length : 0
    },
    standard: standardMode({config, data, model}, {keyOf, factsOf, contextOf, isRight}),
    leftOut: () => leftOutOf(data),
  }
}

function keyOf({docId, position}: Pick<Target, 'docId' | 'position'>) {
  return {source: docId, index: position}
}

function factsOf({docId, truth, boundaries, difficulty}: Context): ItemFacts {
  return {task: nextToken.name, truth, boundaries, stratum: difficulty, cluster: clusterOf(docId)}
}

function isRight(answer: Uint8Array, {truth, boundaries}: Context): boolean {
  return prefixReward(answer, truth, boundaries) === 1
}

/** The position with the longest context. */
function latestOf(positions: Iterable<Target>): Target | undefined {
  let latest: Target | undefined
  for (const target of positions) if (!latest || target.position > latest.position) latest = target
  return latest
}

function leftOutOf(data: TaskOpening['data']): LeftOut | null {
  const leftOut = heldOutInexpressible(data)
  if (!leftOut) return null
  const kept: Record<Difficulty, number> = {none: 0, easy: 0, medium: 0, hard: 0}
  for (const {difficulty} of data.heldOutPositions) kept[difficulty]++
  return {leftOut, kept}
}
