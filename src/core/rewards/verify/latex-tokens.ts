/** Tokens that are dropped: they change how a formula looks, not what it says. */
const dropped =
  '\\left \\right \\bigl \\bigr \\Bigl \\Bigr \\big \\Big \\displaystyle \\textstyle \\limits \\! \\( \\) \\[ \\]'

/** Tokens that are one space, as white space is. */
const blank = ['\\,', '\\;', '\\:', '\\ ', '\\quad', '\\qquad', '~', '\u00a0']

/** Tokens that are written in several ways, and how they are written here. */
const synonyms: Readonly<Record<string, string>> = {
  ...Object.fromEntries(dropped.split(' ').map((token) => [token, ''])),
  ...Object.fromEntries(blank.map((token) => [token, ' '])),
  '\\dfrac': '\\frac',
  '\\tfrac': '\\frac',
  '\\cfrac': '\\frac',
  '\\lbrace': '\\{',
  '\\rbrace': '\\}',
  '\\le': '\\leq',
  '\\ge': '\\geq',
  '\\ne': '\\neq',
  '\\lt': '<',
  '\\gt': '>',
  '\\%': '%',
  '\\degree': '°',
  '\u2212': '-',
  '×': '\\times',
  '·': '\\cdot',
  π: '\\pi',
  '∞': '\\infty',
  '≤': '\\leq',
  '≥': '\\geq',
}

/** The tokens of LaTeX, each in one way of writing it; a run of white space is one space. */
export function latexTokens(text: string): string[] {
  const found = text.match(/\\[a-zA-Z]+|\\[\s\S]|\s+|[\s\S]/gu) ?? []
  const tokens = found.map((token) =>
    /^\s/.test(token) ? ' ' : Object.hasOwn(synonyms, token) ? synonyms[token] : token,
  )
  return tokens.filter((token) => token !== '')
}

/** For each brace that has a partner, where that is. */
export function matchBraces(tokens: readonly string[]): ReadonlyMap<number, number> {
  const opened: number[] = []
  const partners = new Map<number, number>()
  for (const [at, token] of tokens.entries()) {
    if (token === '{') opened.push(at)
    const from = token === '}' ? opened.pop() : undefined
    if (from === undefined) continue
    partners.set(from, at).set(at, from)
  }
  return partners
}
