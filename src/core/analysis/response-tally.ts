import {createHash} from 'node:crypto'
import {DocumentIds} from '../records/document-ids.js'
import type {DocumentScore} from '../statistics/bootstrap-fit.js'
import {DocumentTally} from '../statistics/document-tally.js'
import {type AccuracyInterval, accuracyOfScores, type BootstrapOptions} from '../statistics/interval.js'
import {type PatternName, patternNames, patternsIn} from './patterns.js'
import {openingOf, thoughtOf, wordCount} from './thought-text.js'

/** A response to count. */
export interface Response {
  /** What a bootstrap resamples as a whole. */
  readonly cluster: string
  /** All that the model wrote. */
  readonly text: string
}

/** What was seen most often. */
export interface Commonest {
  readonly text: string
  /** Of all responses, in [0, 1]. */
  readonly share: number
}

/** What the thoughts of some responses look like; there is at least one. */
export interface ThoughtFacts {
  readonly responses: number
  /** Mean words of a thought. */
  readonly words: number
  /** Share of the thoughts without a word, in [0, 1]. */
  readonly empty: number
  /** The most frequent thought; of equally frequent ones, the first that reached the count. */
  readonly commonest: Commonest
  /** The same for the first `openingWords` words. */
  readonly opening: Commonest
}

/** Words of an opening. A shorter thought is its own opening. */
export const openingWords = 4

/** The one stratum of responses. */
const stratum = 'all'

/**
 * Counts patterns of reasoning, lengths and repetitions of responses, one at a time. It keeps no text except the most
 * frequent. Memory grows by 96 bytes with each cluster, and by a few bytes with each new thought.
 */
export class ResponseTally {
  private readonly byPattern: readonly DocumentTally[]
  private readonly thoughts = new Repetitions()
  private readonly openings = new Repetitions()
  private count = 0
  private words = 0
  private empty = 0

  constructor() {
    const ids = new DocumentIds()
    this.byPattern = patternNames.map(() => new DocumentTally(ids, [stratum]))
  }

  /** Responses counted. */
  get responses(): number {
    return this.count
  }

  add({cluster, text}: Response): void {
    const shown = patternsIn(text)
    for (const [i, tally] of this.byPattern.entries()) tally.add(cluster, stratum, shown[i])
    const thought = thoughtOf(text)
    this.count++
    this.words += wordCount(thought)
    if (thought === '') this.empty++
    this.thoughts.add(thought)
    this.openings.add(openingOf(thought, openingWords))
  }

  /** How many responses of each cluster show a pattern. */
  scoresOf(pattern: PatternName): DocumentScore[] {
    return this.byPattern[patternNames.indexOf(pattern)].scoresIn([stratum])
  }

  /** The share of responses that show a pattern, with its 95% interval over clusters. */
  shareOf(pattern: PatternName, options?: BootstrapOptions): AccuracyInterval {
    return accuracyOfScores(this.scoresOf(pattern), options)
  }

  /** What the thoughts look like; null before the first. */
  facts(): ThoughtFacts | null {
    const {count} = this
    if (count === 0) return null
    return {
      responses: count,
      words: this.words / count,
      empty: this.empty / count,
      commonest: this.thoughts.commonest(count),
      opening: this.openings.commonest(count),
    }
  }
}

/** How often texts were seen; long ones are known by their hash. */
class Repetitions {
  private readonly counts = new Map<string, number>()
  private most = {text: '', count: 0}

  add(text: string): void {
    const key = text.length > 40 ? createHash('sha256').update(text).digest('base64') : text
    const count = (this.counts.get(key) ?? 0) + 1
    this.counts.set(key, count)
    if (count > this.most.count) this.most = {text, count}
  }

  commonest(whole: number): Commonest {
    return {text: this.most.text, share: this.most.count / whole}
  }
}
