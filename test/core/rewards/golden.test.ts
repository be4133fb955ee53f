import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import type {RewardName} from '../../../src/core/config/names.js'
import type {Context, Outcome, StopReason} from '../../../src/core/records/records.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {rewardOf} from '../../support/reward-of.js'
import {byteLevel, byteLevelConfig, writeTokenizer} from '../tokenizer/sample-tokenizers.js'

/** Text, or bytes that may be no text. */
type Piece = string | {readonly hex: string}

interface GoldenCase {
  readonly name: string
  readonly rule: RewardName
  /** What really comes next, token by token. */
  readonly tokens: readonly Piece[]
  readonly completion: string | readonly Piece[]
  readonly stopReason: StopReason
  readonly outcome: Outcome
  readonly prediction: Piece | null
  readonly reward: number
  readonly explanation?: string
}

const folder = join(import.meta.dirname, 'golden')
const cases = readdirSync(folder)
  .sort()
  .map((file) => ({file, ...(JSON.parse(readFileSync(join(folder, file), 'utf8')) as GoldenCase)}))

const bytesOf = (piece: Piece) =>
  Buffer.from(typeof piece === 'string' ? piece : piece.hex, typeof piece === 'string' ? 'utf8' : 'hex')

function contextOf(tokens: readonly Piece[]): Context {
  let length = 0
  const ends = tokens.map((token) => {
    length += bytesOf(token).length
    return length
  })
  const boundaries = Int32Array.from(new Set(ends.filter((end) => end > 0)))
  const truth = new Uint8Array(Buffer.concat(tokens.map(bytesOf)))
  return {docId: 'a:1', position: 1, difficulty: 'hard', tokenIds: Int32Array.of(1000), targetId: 0, truth, boundaries}
}

describe('the golden cases', () => {
  let tokenizer: Tokenizer
  beforeAll(async () => {
    tokenizer = await loadTokenizer(writeTokenizer(byteLevel(), byteLevelConfig))
  })

  it('are there', () => expect(cases.length).toBeGreaterThan(40))

  it.each(cases)('$file: $name', ({rule, tokens, completion, stopReason, outcome, prediction, reward, explanation}) => {
    const pieces = typeof completion === 'string' ? [completion] : completion
    // The bytes of the sample vocabulary are its first ids.
    const ids = pieces.flatMap((piece) => [
      ...(typeof piece === 'string' ? tokenizer.encodeMarkup(piece) : bytesOf(piece)),
    ])
    const seen = rewardOf(rule, tokenizer, contextOf(tokens), {
      ids: Int32Array.from(ids),
      oldLogprobs: new Float32Array(ids.length),
      stopReason,
    })
    expect({
      outcome: seen.outcome,
      prediction: seen.answer && Buffer.from(seen.answer).toString('hex'),
    }).toEqual({
      outcome,
      prediction: prediction === null ? null : bytesOf(prediction).toString('hex'),
    })
    expect(seen.total).toBe(reward)
    expect(seen.explanation).not.toBe('')
    if (explanation) expect(seen.explanation).toBe(explanation)
  })
})
