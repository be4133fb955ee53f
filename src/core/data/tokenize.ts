import type {Document, Partition} from '../records/records.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {DataError} from '../util/errors.js'
import type {RawDocument} from './documents.js'

/**
 * Tokenizes a document: the start token where the model uses one, then the text's tokens with their byte offsets.
 *
 * @throws {DataError} when the tokens' bytes are not the text's bytes, or there is no token to predict
 */
export function tokenizeDocument({docId, text}: RawDocument, partition: Partition, tokenizer: Tokenizer): Document {
  const ids = tokenizer.encodeText(text)
  const bytes = Buffer.from(text)
  const spelled = tokenizer.concatBytes(ids)
  if (Buffer.compare(bytes, spelled) !== 0) {
    const difference = bytes.findIndex((byte, i) => byte !== spelled[i])
    const at = difference < 0 ? bytes.length : difference
    throw new DataError(`${docId}: its tokens spell other bytes than its text, from byte ${at} on`, {
      suggestions: ['use a byte-level BPE tokenizer that does not normalise text'],
    })
  }
  const start = tokenizer.startId === null ? [] : [tokenizer.startId]
  const tokenIds = new Int32Array(start.length + ids.length)
  tokenIds.set(start)
  tokenIds.set(ids, start.length)
  if (tokenIds.length < 2)
    throw new DataError(`${docId} is too short: ${tokenIds.length} token; needs 2, one of context and one to predict`)
  let offset = 0
  const byteOffsets = Int32Array.from(tokenIds, (id, i) => {
    const at = offset
    if (i >= start.length) offset += tokenizer.bytesOf(id).length
    return at
  })
  return {docId, partition, text, tokenIds, byteOffsets}
}
