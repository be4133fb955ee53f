import {quoteShort} from '../../util/quote-bytes.js'

/** A text in quotes for a reader, without the white space around it; at most 64 bytes of it. */
export function quote(text: string): string {
  return quoteShort(Buffer.from(text.trim()))
}
