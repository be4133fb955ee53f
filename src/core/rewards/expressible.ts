import type {Tokenizer} from '../tokenizer/tokenizer.js'

/** What a token does to the depth of braces, and how many bytes it has. */
interface Braces {
  /** The lowest depth on the way, at most 0. */
  readonly lowest: number
  readonly net: number
  readonly length: number
}

const [open, close] = Buffer.from('{}')
const known = new WeakMap<Tokenizer, Map<number, Braces>>()

/**
 * Whether any right prediction of a position can be written in a box: whether some prefix of its reference that ends at a
 * token boundary is what `\boxed{` + prefix + `}` parses to.
 *
 * `parseCompletion` pairs braces as they stand, so that is a prefix whose own braces are balanced: one with a `}` too many
 * ends the box early, one with a `{` too many leaves it open.
 *
 * @param tokenIds of the document
 * @param position of the target, whose reference begins there
 * @param maxReferenceTokens tokens of the reference at the most
 */
export function isExpressible(
  tokenIds: Int32Array,
  position: number,
  maxReferenceTokens: number,
  tokenizer: Tokenizer,
): boolean {
  const end = Math.min(tokenIds.length, position + maxReferenceTokens)
  let depth = 0
  for (let at = position; at < end; at++) {
    const {lowest, net, length} = bracesOf(tokenIds[at], tokenizer)
    if (depth + lowest < 0) return false
    depth += net
    if (depth === 0 && length > 0) return true
  }
  return false
}

function bracesOf(id: number, tokenizer: Tokenizer): Braces {
  const tokens = known.get(tokenizer) ?? new Map<number, Braces>()
  known.set(tokenizer, tokens)
  const braces = tokens.get(id) ?? countBraces(tokenizer.bytesOf(id))
  tokens.set(id, braces)
  return braces
}

function countBraces(bytes: Uint8Array): Braces {
  let depth = 0
  let lowest = 0
  for (const byte of bytes) {
    if (byte === open) depth++
    if (byte === close) depth--
    lowest = Math.min(lowest, depth)
  }
  return {lowest, net: depth, length: bytes.length}
}
