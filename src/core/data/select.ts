import type {Config} from '../config/schema.js'
import type {Difficulty, Position} from '../records/records.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {streamSeed, uniform} from '../util/rng.js'
import type {ScoredDocument} from './scored-documents.js'
import {isBeyond, type Ranked, topShareBound} from './top-share.js'

type DataSettings = Config['data']

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
    (corpus: Corpus, tokenizer: Tokenizer, config: Pick<Config, 'data' | 'seed'>) => Promise<Selection>
  >
> = {
  threshold: async (_, __, {data: {selectThreshold}}) => ({
    isKept: ({entropy}) => entropy > selectThreshold,
    otherwise: 'below-threshold',
  }),
  top: async ({read, trainTargets}, tokenizer, {data}) => {
    const isEligible = (position: number, targetId: number) => obstacleOf(position, targetId, tokenizer, data) === null
    const bound = await topShareBound(read, trainTargets, data.topShare, isEligible)
    return {isKept: (position) => !isBeyond(position, bound), otherwise: 'below-top-share'}
  },
  random: async (_, __, {data: {topShare}, seed}) => ({
    isKept: ({docId, position}) => uniform(streamSeed(seed, 'select', docId, position), 0) < topShare,
    otherwise: 'not-drawn',
  }),
}

/** The rule of `data.select` for this corpus; `top` reads it twice. */
export function chooseSelection(
  corpus: Corpus,
  tokenizer: Tokenizer,
  config: Pick<Config, 'data' | 'seed'>,
): Promise<Selection> {
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
  data: DataSettings,
): Position[] {
  return Array.from(scores.entropy, (entropy, i) => {
    const targetId = tokenIds[i + 1]
    const difficulty = difficultyOf(difficultyEntropy?.[i] ?? entropy, data.thresholds)
    const isKept = () =>
      partition === 'train' ? training.isKept({docId, position: i + 1, entropy}) : difficulty !== 'none'
    const obstacle = obstacleOf(i + 1, targetId, tokenizer, data)
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
  position: number,
  targetId: number,
  tokenizer: Tokenizer,
  {minContext}: DataSettings,
): string | null {
  if (position < minContext) return 'min-context'
  return tokenizer.specialIds.has(targetId) ? 'special-target' : null
}
