import type {Config} from '../config/schema.js'
import type {TokenScores} from '../engine/score.js'
import type {Difficulty, Document, Position} from '../records/records.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {streamSeed, uniform} from '../util/rng.js'

type DataSettings = Config['data']

/** A position before it is decided whether it is kept. */
type Candidate = Omit<Position, 'kept' | 'reason'> & {readonly obstacle: string | null}

/** Which training candidates are kept, by what rule, and what is said of the others. */
interface Selection {
  readonly isKept: (candidate: Candidate) => boolean
  readonly otherwise: string
}

/** How training positions are chosen. */
const selections: Readonly<
  Record<DataSettings['select'], (candidates: readonly Candidate[], data: DataSettings, seed: number) => Selection>
> = {
  threshold: (_, {selectThreshold}) => ({
    isKept: ({entropy}) => entropy > selectThreshold,
    otherwise: 'below-threshold',
  }),
  top: (candidates, {topShare}) => {
    const ranked = [...candidates].sort(byEntropy)
    const top = new Set(ranked.slice(0, Math.round(topShare * ranked.length)))
    return {isKept: (candidate) => top.has(candidate), otherwise: 'below-top-share'}
  },
  random: (_, {topShare}, seed) => ({
    isKept: ({docId, position}) => uniform(streamSeed(seed, 'select', docId, position), 0) < topShare,
    otherwise: 'not-drawn',
  }),
}

/** Highest entropy first; equal ones by name and place, so that the order of the documents does not matter. */
function byEntropy(a: Candidate, b: Candidate): number {
  return b.entropy - a.entropy || Number(a.docId > b.docId) - Number(a.docId < b.docId) || a.position - b.position
}

/**
 * Every target position of every document, with its difficulty and whether it is kept and why.
 *
 * Training positions are chosen by `data.select`. Held-out positions are kept where they reach a split, by the entropy of
 * the difficulty model.
 *
 * @param scores of the proxy, by document
 * @param difficulty of the difficulty model, for held-out documents
 */
export function selectPositions(
  documents: readonly Document[],
  scores: ReadonlyMap<string, TokenScores>,
  difficulty: ReadonlyMap<string, TokenScores>,
  tokenizer: Tokenizer,
  {data, seed}: Pick<Config, 'data' | 'seed'>,
): Position[] {
  const candidates = documents.flatMap((document) =>
    candidatesOf(document, scores.get(document.docId)!, difficulty.get(document.docId), tokenizer, data),
  )
  const eligible = candidates.filter(({partition, obstacle}) => partition === 'train' && obstacle === null)
  const training = selections[data.select](eligible, data, seed)
  const heldOut: Selection = {isKept: (candidate) => candidate.difficulty !== 'none', otherwise: 'below-threshold'}
  return candidates.map((candidate) => {
    const {isKept, otherwise} = candidate.partition === 'train' ? training : heldOut
    const {obstacle, ...position} = candidate
    const kept = obstacle === null && isKept(candidate)
    return {...position, kept, reason: obstacle ?? (kept ? 'kept' : otherwise)}
  })
}

/** The hardest level that an entropy exceeds. */
export function difficultyOf(entropy: number, [easy, medium, hard]: DataSettings['thresholds']): Difficulty {
  if (entropy > hard) return 'hard'
  if (entropy > medium) return 'medium'
  return entropy > easy ? 'easy' : 'none'
}

function candidatesOf(
  {docId, partition, tokenIds}: Document,
  scores: TokenScores,
  difficulty: TokenScores | undefined,
  tokenizer: Tokenizer,
  data: DataSettings,
): Candidate[] {
  return Array.from(tokenIds.subarray(1), (targetId, i) => {
    const difficultyEntropy = difficulty ? difficulty.entropy[i] : null
    return {
      docId,
      position: i + 1,
      partition,
      targetId,
      targetBytes: tokenizer.bytesOf(targetId),
      entropy: scores.entropy[i],
      difficultyEntropy,
      targetLogprob: scores.targetLogprob[i],
      top1Id: scores.top1[i],
      difficulty: difficultyOf(difficultyEntropy ?? scores.entropy[i], data.thresholds),
      obstacle: obstacleOf(i + 1, targetId, tokenizer, data),
    }
  })
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
