import {lastBox} from '../last-box.js'

const marker = '####'

/**
 * The truth that an answer field holds: what follows the last `####` that begins a line (GSM8K), to the end of that line; or
 * the content of the last `\boxed{...}` (solutions of MATH); of both, the one further on; else the whole text.
 *
 * @returns trimmed; null where it is empty, or where a `\boxed` has no balanced braces
 */
export function truthOf(answerField: string): string | null {
  const bytes = Buffer.from(answerField)
  const box = lastBox(bytes)
  const markedAt = Buffer.from(`\n${answerField}`).lastIndexOf(`\n${marker}`)
  if (markedAt >= 0 && markedAt > (box?.end ?? -1)) {
    const [line] = bytes
      .subarray(markedAt + marker.length)
      .toString()
      .split('\n', 1)
    return line.trim() || null
  }
  if (box) return box.content.toString().trim() || null
  return answerField.includes('\\boxed') ? null : answerField.trim() || null
}
