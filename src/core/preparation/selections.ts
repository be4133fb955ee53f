import type {SelectionName} from '../config/names.js'
import type {Config} from '../config/schema.js'
import type {PositionCounts, SelectionSummary} from '../prepared/prepared-manifest.js'
import {streamSeed, uniform} from '../util/rng.js'
import type {ScoredDocument} from './scored-documents.js'
import {isBeyond, type Ranked, topShareBound} from './top-share.js'

/** The scored corpus, as often as it is asked for, and how many training positions it has at the most. */
export interface Corpus {
  readonly read: () => Iterable<ScoredDocument> | AsyncIterable<ScoredDocument>
  readonly trainTargets: number
}

/** What a rule is made from. */
export interface SelectionOpening {
  readonly corpus: Corpus
  readonly config: Pick<Config, 'data' | 'seed'>
  /** Whether the target at a position of a document may be kept at all. */
  readonly isEligible: (tokenIds: Int32Array, position: number) => boolean
}

/** Why a training position is not kept, as the column `reason` says it; null where it is kept. */
export type Selection = (position: Ranked) => string | null

/** A way to choose training positions: a row of `selections`. */
export interface SelectionKind {
  /** Keys that only rules like this one read. */
  readonly reads: readonly string[]
  /** Those of them that it cannot do without. */
  readonly needs: readonly string[]
  /** Which positions it keeps, in words that follow "kept:". */
  readonly rule: (data: Config['data']) => string
  /** What keeps more positions. */
  readonly remedy: string
  /** Reads what of the corpus it must know before it judges a position. */
  readonly open: (opening: SelectionOpening) => Promise<Selection>
}

/** Every way to choose training positions. Adding one is one row, and its name in config/names.ts. */
export const selections: Readonly<Record<SelectionName, SelectionKind>> = {
  threshold: {
    reads: ['data.selectThreshold'],
    needs: [],
    rule: ({selectThreshold}) => `entropy above ${selectThreshold} nats`,
    remedy: 'lower data.selectThreshold, or keep a share of the positions with data.select=top',
    open:
      async ({config: {data}}) =>
      ({entropy}) =>
        entropy > data.selectThreshold ? null : 'below-threshold',
  },
  band: {
    reads: ['data.selectBand'],
    needs: ['data.selectBand'],
    rule: ({selectBand}) => `entropy above ${selectBand![0]} and at most ${selectBand![1]} nats`,
    remedy: 'widen data.selectBand',
    async open({config: {data}}) {
      const [low, high] = data.selectBand!
      return ({entropy}) => (entropy <= low ? 'below-band' : entropy > high ? 'above-band' : null)
    },
  },
  top: {
    reads: ['data.topShare'],
    needs: [],
    rule: ({topShare}) => `the share ${topShare} of the highest entropy`,
    remedy: 'raise data.topShare',
    async open({corpus: {read, trainTargets}, config: {data}, isEligible}) {
      const bound = await topShareBound(read, trainTargets, data.topShare, isEligible)
      return (position) => (isBeyond(position, bound) ? 'below-top-share' : null)
    },
  },
  random: {
    reads: ['data.topShare'],
    needs: [],
    rule: ({topShare}) => `a random share ${topShare}, whatever the entropy`,
    remedy: 'raise data.topShare',
    open:
      async ({config: {data, seed}}) =>
      ({docId, position}) =>
        uniform(streamSeed(seed, 'select', docId, position), 0) < data.topShare ? null : 'not-drawn',
  },
}

/** What a selection kept of the training positions. */
export function summarizeSelection(data: Config['data'], {total, kept}: PositionCounts): SelectionSummary {
  const {select} = data
  return {select, rule: selections[select].rule(data), share_kept: total > 0 ? kept / total : 0}
}
