import type {Config} from '../config/schema.js'
import type {Difficulty, Position} from '../records/records.js'
import {isExpressible} from '../rewards/expressible.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import type {ScoredDocument} from './scored-documents.js'
import {type Corpus, type Selection, selections} from './selections.js'

type DataSettings = Config['data']
/** The settings that selection goes by. */
export type SelectionSettings = Pick<Config, 'data' | 'reward' | 'seed'>

/** The rule of `data.select` for this corpus; some read it first. */
export function chooseSelection(corpus: Corpus, tokenizer: Tokenizer, config: SelectionSettings): Promise<Selection> {
  const isEligible = (tokenIds: Int32Array, position: number) =>
    obstacleOf(tokenIds, position, tokenizer, config) === null
  return selections[config.data.select].open({corpus, config, isEligible})
}

/**
 * Every target position of a document, with its difficulty and whether it is kept and why.
 *
 * Training positions are kept where `training` has nothing against them; held-out ones where they reach a split, by the
 * entropy of the difficulty model.
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
    const heldOut = () => (difficulty === 'none' ? 'below-threshold' : null)
    const reason =
      obstacleOf(tokenIds, i + 1, tokenizer, config) ??
      (partition === 'train' ? training({docId, position: i + 1, entropy}) : heldOut())
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
      kept: reason === null,
      reason: reason ?? 'kept',
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
