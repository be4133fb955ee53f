/**
 * Whether a path matches a pattern of a data set's card: `*` is any text within a name, `**` any folders, `?` one
 * character, `[abc]` one of these; braces stand for themselves, as in fsspec.
 *
 * Takes time in proportion to path x pattern, whatever the pattern: cards are written by strangers. picomatch 4.0.7, whose
 * regular expressions go back and forth, takes 52 s to see that `*a*a*a*a*ab` does not match 200 times `a`.
 */
export function matchesPattern(pattern: string, path: string): boolean {
  const tokens = tokenize(pattern.replace(/^(?:\.?\/)+/, ''))
  // reached[i]: the first i tokens match the characters so far.
  let reached = leaveRepeats([true, ...tokens.map(() => false)], tokens, '/')
  for (const character of path) {
    const next = reached.map(() => false)
    for (const [index, token] of tokens.entries()) {
      if (!reached[index] || !token.accepts(character)) continue
      next[token.repeats ? index : index + 1] = true
    }
    reached = leaveRepeats(next, tokens, character)
  }
  return reached[tokens.length]
}

interface Token {
  /** Whether it stands for any number of characters, none included. */
  readonly repeats: boolean
  /** Whether it ends with a folder: the path may go on only behind a slash. */
  readonly isFolders?: boolean
  accepts(character: string): boolean
}

/** What follows a token that repeats may begin at once, and `**` followed by a slash ends behind a slash only. */
function leaveRepeats(reached: boolean[], tokens: readonly Token[], before: string): boolean[] {
  for (const [index, {repeats, isFolders}] of tokens.entries()) {
    if (reached[index] && repeats && (!isFolders || before === '/')) reached[index + 1] = true
  }
  return reached
}

function tokenize(pattern: string): Token[] {
  // `**/` may stand for no folder at all, so its slash goes with it.
  const parts = pattern.match(/\*\*\/|\*+|\?|\[!?[^\]/]+\]|./gsu) ?? []
  return parts.map((part): Token => {
    if (part.startsWith('**')) return {repeats: true, isFolders: part.endsWith('/'), accepts: () => true}
    if (part === '*') return {repeats: true, accepts: (character) => character !== '/'}
    if (part === '?') return {repeats: false, accepts: (character) => character !== '/'}
    if (part.length > 2) return {repeats: false, accepts: oneOf(part.slice(1, -1))}
    return {repeats: false, accepts: (character) => character === part}
  })
}

function oneOf(set: string): (character: string) => boolean {
  const isNegated = set.startsWith('!')
  const members = isNegated ? set.slice(1) : set
  const ranges = [...members.matchAll(/(.)-(.)|(.)/gu)].map(([, from, to, one]) => [from ?? one, to ?? one])
  return (character) =>
    character !== '/' && ranges.some(([from, to]) => character >= from && character <= to) !== isNegated
}
