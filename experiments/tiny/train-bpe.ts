/** A byte pair encoding in the words of tokenizer.json: tokens are strings of byte symbols. */
export interface Bpe {
  /** The 256 byte symbols in byte order, then one token per merge. */
  readonly tokens: readonly string[]
  readonly merges: readonly (readonly [left: string, right: string])[]
}

/**
 * The printable character that stands for each byte in byte-level vocabularies: printable Latin-1 stands for itself,
 * the other bytes for the characters from U+0100 on, in order.
 */
export const byteSymbols: readonly string[] = nameBytes()

function nameBytes(): string[] {
  let next = 0x100
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xff && byte !== 0xad)
  return Array.from({length: 256}, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : next++))
}

/**
 * Merges the most frequent pair of neighbours until every word is one token.
 *
 * @param counts words (text) with how often they occur; ties go to the pair that sorts first
 */
export function trainBpe(counts: ReadonlyMap<string, number>): Bpe {
  const words = [...counts].map(([text, count]) => ({
    symbols: Array.from(new TextEncoder().encode(text), (byte) => byteSymbols[byte]),
    count,
  }))
  const tokens = [...byteSymbols]
  const merges: [string, string][] = []
  for (let pair = likeliestPair(words); pair !== undefined; pair = likeliestPair(words)) {
    const [left, right] = pair
    merges.push(pair)
    if (!tokens.includes(left + right)) tokens.push(left + right)
    for (const word of words) word.symbols = mergePair(word.symbols, left, right)
  }
  return {tokens, merges}
}

type Word = {symbols: string[]; readonly count: number}

function likeliestPair(words: readonly Word[]): [string, string] | undefined {
  const totals = new Map<string, number>()
  for (const {symbols, count} of words) {
    for (let i = 1; i < symbols.length; i++) {
      const key = `${symbols[i - 1]} ${symbols[i]}`
      totals.set(key, (totals.get(key) ?? 0) + count)
    }
  }
  const ranked = [...totals].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  return ranked.length === 0 ? undefined : (ranked[0][0].split(' ') as [string, string])
}

function mergePair(symbols: readonly string[], left: string, right: string): string[] {
  const merged: string[] = []
  for (let i = 0; i < symbols.length; i++) {
    const isPair = symbols[i] === left && symbols[i + 1] === right
    merged.push(isPair ? left + right : symbols[i])
    if (isPair) i++
  }
  return merged
}
