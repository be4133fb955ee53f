const boxStart = '\\boxed{'

/** A `\boxed{...}` of a text: its content, and where it ends. */
export interface Box {
  readonly content: string
  readonly end: number
}

/** The balanced `\boxed{...}` that closes last; null where none does. Escaped braces count like any other. */
export function lastBox(text: string): Box | null {
  const opened: number[] = []
  let box: readonly [number, number] | null = null
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '{') opened.push(at + 1)
    if (text[at] !== '}') continue
    const from = opened.pop()
    if (from !== undefined && text.endsWith(boxStart, from)) box = [from, at]
  }
  return box && {content: text.slice(box[0], box[1]), end: box[1]}
}
