/**
 * The beginning of a line that a terminal shows without wrapping it: whole characters, those of East Asian scripts and
 * emoji, which take two columns, with room for two.
 *
 * @param columns at most so many are taken
 */
export function cutLine(line: string, columns: number): string {
  let [taken, end] = [0, 0]
  for (const character of line) {
    taken += columnsAtMost(character)
    if (taken > columns) break
    end += character.length
  }
  return line.slice(0, end)
}

/** Columns that a character takes at the most: none before Hangul is wide. */
function columnsAtMost(character: string): number {
  return character < '\u1100' ? 1 : 2
}
