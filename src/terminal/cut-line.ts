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
