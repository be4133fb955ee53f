import type {Context, Difficulty, TokenizedDocument} from '../records/records.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'

/**
 * The context x_<t of a position, with the bytes of its continuation and the byte lengths at which its tokens end.
 *
 * Boundaries come from the document's own token ids, never from re-encoding text (RPT, Eq. 3: L_gt).
 */
export function contextAt(
  {docId, tokenIds}: TokenizedDocument,
  position: number,
  difficulty: Difficulty,
  tokenizer: Tokenizer,
  maxReferenceTokens: number,
): Context {
  const continuation = tokenIds.subarray(position, position + maxReferenceTokens)
  const boundaries: number[] = []
  let length = 0
  for (const id of continuation) {
    const {length: bytes} = tokenizer.bytesOf(id)
    length += bytes
    if (bytes > 0) boundaries.push(length)
  }
  return {
    docId,
    position,
    difficulty,
    tokenIds: tokenIds.subarray(0, position),
    targetId: tokenIds[position],
    truth: tokenizer.concatBytes(continuation),
    boundaries: Int32Array.from(boundaries),
  }
}
