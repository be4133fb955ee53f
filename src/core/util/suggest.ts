/**
 * The candidate nearest to a mistyped word, or undefined when none is near: at most a third of its letters may differ.
 *
 * Distance is the number of letters inserted, removed, replaced or swapped with their neighbour; case does not count.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase())}))
    .filter(({candidate, distance}) => distance <= Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3)))
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
  return ranked[0]?.candidate
}

/** What other tools call a choice of ours; by its letters the first is nearer to `cpu`. */
const foreignChoices: Readonly<Record<string, string>> = {gpu: 'cuda', grpo: 'rpt'}

/** The choice that a word probably means, or undefined: by what others call it, else by its letters. */
export function meantChoice(word: string, choices: readonly string[]): string | undefined {
  const meant = Object.hasOwn(foreignChoices, word) ? foreignChoices[word] : undefined
  return meant !== undefined && choices.includes(meant) ? meant : nearest(word, choices)
}

/** Optimal string alignment distance. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({length: b.length + 1}, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1] + Number(a[i - 1] !== b[j - 1])
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(
        last[j] + 1,
        row[j - 1] + 1,
        replaced,
        isSwap ? beforeLast[j - 2] + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = row
  }
  return last[b.length]
}
