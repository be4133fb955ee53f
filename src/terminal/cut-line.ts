import {textWidth} from '../core/util/text-width.js'

const segmenter = new Intl.Segmenter()

/**
 * The beginning of a line that a terminal shows without wrapping it: whole characters, as readers count them.
 *
 * @param columns at most so many are taken
 */
export function cutLine(line: string, columns: number): string {
  let [taken, end] = [0, 0]
  for (const {segment} of segmenter.segment(line)) {
    taken += textWidth(segment)
    if (taken > columns) break
    end += segment.length
  }
  return line.slice(0, end)
}

/**
 * The beginning of a line of progress, whose parts stand between commas and semicolons: a part that does not fit goes whole, since half
 * a number reads as another number. The first part is cut as `cutLine` cuts it.
 */
export function cutParts(line: string, columns: number): string {
  const cut = cutLine(line, columns)
  if (cut.length === line.length) return line
  const end = Math.max(line.lastIndexOf(', ', cut.length), line.lastIndexOf('; ', cut.length))
  return end > 0 ? line.slice(0, end) : cut
}
