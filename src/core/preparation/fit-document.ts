import type {Config} from '../config/schema.js'
import type {Document} from '../records/records.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {DataError} from '../util/errors.js'
import {minOf} from '../util/extremes.js'
import {joinIds} from '../util/join-ids.js'
import {checkLength, type Scorer} from './scorer.js'

/** What is done about documents that are too long for a model that scores them. */
export type LongPolicy = Config['data']['onLongDocument']

/** What became of documents that are too long. Part of `summary.json` and `manifest.json`. */
export interface LongDocumentCounts {
  readonly left_out: number
  readonly cut: number
  /** Documents that were cut into windows. */
  readonly windowed: number
  readonly windows: number
  /** Tokens that are in no document that was written. */
  readonly tokens_left_out: number
}

/** Makes documents fit the models that score them, and counts what became of those that did not. */
export class DocumentFitter {
  private counts: LongDocumentCounts = {left_out: 0, cut: 0, windowed: 0, windows: 0, tokens_left_out: 0}

  constructor(
    private readonly policy: LongPolicy,
    private readonly scorers: readonly Scorer[],
    private readonly tokenizer: Tokenizer,
  ) {}

  /** What has been counted so far. */
  get summary(): LongDocumentCounts {
    return this.counts
  }

  /** One line on what was left out or cut; null where every document fitted. */
  get warning(): string | null {
    const {left_out, cut, windowed, windows, tokens_left_out} = this.counts
    const parts = [
      left_out > 0 ? [`${left_out} left out`] : [],
      cut > 0 ? [`${cut} cut at the end`] : [],
      windowed > 0 ? [`${windowed} cut into ${windows} windows`] : [],
    ].flat()
    if (parts.length === 0) return null
    return `documents longer than a scorer's positions (data.onLongDocument is ${this.policy}): ${parts.join(', ')}; tokens left out: ${tokens_left_out}`
  }

  /**
   * The document as it is, or what `data.onLongDocument` makes of it.
   *
   * @throws {DataError} when it is too long and that is an error, or no cut fits
   */
  fit(document: Document): Document[] {
    const limit = limitOf(document, this.scorers)
    const {length} = document.tokenIds
    if (length <= limit) return [document]
    const fitted = this.shorten(document, limit)
    const tokens = fitted.reduce((sum, piece) => sum + ownTokens(piece, this.tokenizer), 0)
    const {counts} = this
    this.counts = {
      left_out: counts.left_out + Number(fitted.length === 0),
      cut: counts.cut + Number(this.policy === 'cut'),
      windowed: counts.windowed + Number(this.policy === 'windows'),
      windows: counts.windows + (this.policy === 'windows' ? fitted.length : 0),
      tokens_left_out: counts.tokens_left_out + ownTokens(document, this.tokenizer) - tokens,
    }
    return fitted
  }

  private shorten(document: Document, limit: number): Document[] {
    if (this.policy === 'skip') return []
    if (this.policy === 'error') for (const scorer of this.scorers) checkLength(document, scorer)
    const windows = windowsOf(document, limit, this.tokenizer)
    if (this.policy === 'cut') return [...windows].slice(0, 1)
    return Array.from(windows, (window, index) => ({...window, docId: `${document.docId}#${index + 1}`}))
  }
}

/** Tokens that every model which scores the document has positions for. */
export function limitOf({partition}: Pick<Document, 'partition'>, scorers: readonly Scorer[]): number {
  const own = scorers.filter(({partitions}) => partitions.includes(partition))
  return minOf(own.map(({maxPositions}) => maxPositions))
}

/**
 * A document in pieces of at most `limit` tokens, one after the other: none overlaps, and each begins with the start token
 * if the document does. A piece ends between two characters, so that its text is a text. A last piece without a token to
 * predict is left out.
 */
function* windowsOf(document: Document, limit: number, {startId}: Tokenizer): Generator<Document> {
  const {docId, tokenIds, byteOffsets, text} = document
  const bytes = Buffer.from(text)
  const hasStart = startId !== null && tokenIds[0] === startId
  for (let from = 0; from < tokenIds.length; ) {
    const lead = from > 0 && hasStart ? [startId] : []
    let to = Math.min(tokenIds.length, from + limit - lead.length)
    while (to < tokenIds.length && to > from && isInsideCharacter(bytes, byteOffsets[to])) to--
    const isLast = to === tokenIds.length
    if (lead.length + to - from >= 2) {
      const base = byteOffsets[from]
      yield {
        ...document,
        text: bytes.toString('utf8', base, isLast ? bytes.length : byteOffsets[to]),
        tokenIds: joinIds(lead, tokenIds.subarray(from, to)),
        byteOffsets: joinIds(
          new Int32Array(lead.length),
          byteOffsets.subarray(from, to).map((at) => at - base),
        ),
        goesOn: !isLast,
      }
    } else if (!isLast) {
      throw new DataError(`${docId}: no cut between two characters leaves at most ${limit} tokens, at token ${from}`, {
        suggestions: ['use a scorer with a longer context', '--set data.onLongDocument=skip leaves such documents out'],
      })
    }
    from = to
  }
}

/** A byte that continues a UTF-8 character: 10xxxxxx. */
function isInsideCharacter(bytes: Buffer, at: number): boolean {
  return (bytes[at] & 0xc0) === 0x80
}

/** Tokens of a document's text, its start token aside. */
function ownTokens({tokenIds}: Document, {startId}: Tokenizer): number {
  return tokenIds.length - Number(startId !== null && tokenIds[0] === startId)
}
