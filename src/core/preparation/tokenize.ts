import type {RawDocument} from '../corpus/documents.js'
import {RowFault} from '../corpus/readers/row-fault.js'
import type {Document, Partition} from '../records/records.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {normalizeAsReference} from '../tokenizer/unicode-versions.js'
import {joinIds} from '../util/join-ids.js'

/**
 * Tokenizes a document: the start token where the model uses one, then the text's tokens with their byte offsets. What a
 * chat template wrote is tokenized as the reference does: special tokens written in it are tokens, spelled by their names,
 * and the template has written the start token itself or means that there is none.
 *
 * A tokenizer may bring text to Unicode form NFC, as Qwen's does: the document then has that text. No other change is
 * accepted, because predictions are compared with the text byte by byte.
 *
 * @throws {RowFault} when the tokens' bytes are not the text's bytes, or there is no token to predict
 */
export function tokenizeDocument(raw: RawDocument, partition: Partition, tokenizer: Tokenizer): Document {
  const {docId} = raw
  const ids = raw.isChat ? tokenizer.encodeMarkup(raw.text) : tokenizer.encodeText(raw.text)
  const text = spelledText(raw, tokenizer.concatBytes(ids))
  const start = raw.isChat || tokenizer.startId === null ? [] : [tokenizer.startId]
  const tokenIds = joinIds(start, ids)
  if (tokenIds.length < 2)
    throw new RowFault(
      'too-short',
      `${docId} is too short: ${tokenIds.length} token; needs 2, one of context and one to predict`,
    )
  let offset = 0
  const byteOffsets = Int32Array.from(tokenIds, (id, i) => {
    const at = offset
    if (i >= start.length) offset += tokenizer.bytesOf(id).length
    return at
  })
  return {docId, partition, text, tokenIds, byteOffsets, goesOn: false}
}

/** The text, as it is or in form NFC, whichever the tokens spell. */
function spelledText({docId, text}: RawDocument, spelled: Uint8Array): string {
  const bytes = Buffer.from(text)
  if (bytes.equals(spelled)) return text
  const normalized = normalizeAsReference(text, 'NFC')
  if (Buffer.from(normalized).equals(spelled)) return normalized
  const difference = bytes.findIndex((byte, i) => byte !== spelled[i])
  const at = difference < 0 ? bytes.length : difference
  throw new RowFault('bytes-changed', `${docId}: its tokens spell other bytes than its text, from byte ${at} on`, {
    suggestions: ['use a tokenizer that has every byte and changes no text beyond Unicode form NFC'],
  })
}
