import type {Config} from '../config/schema.js'
import type {Difficulty, Position} from '../records/records.js'
import {isExpressible} from '../rewards/expressible.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {streamSeed, uniform} from '../util/rng.js'
import type {ScoredDocument} from './scored-documents.js'
import {isBeyond, type Ranked, topShareBound} from './top-share.js'

type DataSettings = Config['data']
/** The settings that selection goes by. */
export type SelectionSettings = Pick<Config, 'data' | 'reward' | 'seed'>

/** Which training positions are kept, by what rule, and what is said of the others. */
export interface Selection {
  readonly isKept: (position: Ranked) => boolean
  readonly otherwise: string
}

/** The scored corpus, as often as it is asked for, and how many training positions it has at the most. */
export interface Corpus {
  readonly read: () => Iterable<ScoredDocument> | AsyncIterable<ScoredDocument>
  readonly trainTargets: number
}

/** How training positions are chosen. */
const selections: Readonly<
  Record<
    DataSettings['select'],
    (corpus: Corpus, tokenizer: Tokenizer, config: SelectionSettings) => Promise<Selection>
  >
> = {
  threshold: async (_, __, {data: {selectThreshold}}) => ({
    isKept: ({entropy}) => entropy > selectThreshold,
    otherwise: 'below-threshold',
  }),
  top: async ({read, trainTargets}, tokenizer, config) => {
    const isEligible = (tokenIds: Int32Array, position: number) =>
      obstacleOf(tokenIds, position, tokenizer, config) === null
    const bound = await topShareBound(read, trainTargets, config.data.topShare, isEligible)
    return {isKept: (position) => !isBeyond(position, bound), otherwise: 'below-top-share'}
  },
  random: async (_, __, {data: {topShare}, seed}) => ({
    isKept: ({docId, position}) => uniform(streamSeed(seed, 'select', docId, position), 0) < topShare,
    otherwise: 'not-drawn',
  }),
}

/** The rule of `data.select` for this corpus; `top` reads it twice. */
export function chooseSelection(corpus: Corpus, tokenizer: Tokenizer, config: SelectionSettings): Promise<Selection> {
  return selections[config.data.select](corpus, tokenizer, config)
}

/**
 * Every target position of a document, with its difficulty and whether it is kept and why.
 *
 * Training positions are kept by `training`; held-out ones where they reach a split, by the entropy of the difficulty
 * model.
 */
export function positionsOf(
  {docId, partition, tokenIds, scores, difficultyEntropy}: ScoredDocument,
  training: Selection,
  tokenizer: Tokenizer,
  config: SelectionSettings,
): Position[] {
  return Array.from(scores.entropy, (entropy, i) => {
    const targetId = tokenIds[i + 1]
    const difficulty = difficultyOf(difficultyEntropy?.[i] ?? entropy, config.data.thresholds)
    const isKept = () =>
      partition === 'train' ? training.isKept({docId, position: i + 1, entropy}) : difficulty !== 'none'
    const obstacle = obstacleOf(tokenIds, i + 1, tokenizer, config)
    const kept = obstacle === null && isKept()
    return {
      docId,
      position: i + 1,
      partition,
      targetId,
      targetBytes: tokenizer.bytesOf(targetId),
      entropy,
      difficultyEntropy: difficultyEntropy ? difficultyEntropy[i] : null,
      targetLogprob: scores.targetLogprob[i],
      top1Id: scores.top1[i],
      difficulty,
      kept,
      reason: obstacle ?? (kept ? 'kept' : partition === 'train' ? training.otherwise : 'below-threshold'),
    }
  })
}

/** The hardest level that an entropy exceeds. */
export function difficultyOf(entropy: number, [easy, medium, hard]: DataSettings['thresholds']): Difficulty {
  if (entropy > hard) return 'hard'
  if (entropy > medium) return 'medium'
  return entropy > easy ? 'easy' : 'none'
}

/** Why a position is no candidate, whatever its entropy. */
function obstacleOf(
  tokenIds: Int32Array,
  position: number,
  tokenizer: Tokenizer,
  {data, reward}: SelectionSettings,
): string | null {
  if (position < data.minContext) return 'min-context'
  if (tokenizer.specialIds.has(tokenIds[position])) return 'special-target'
  return isExpressible(tokenIds, position, reward.maxReferenceTokens, tokenizer) ? null : 'inexpressible'
}
