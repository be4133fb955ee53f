const boxStart = Buffer.from('\\boxed{')
const [open, close] = Buffer.from('{}')

/** A `\boxed{...}` of a text: its content, and the byte at which its closing brace stands. */
export interface Box {
  readonly content: Buffer
  readonly end: number
}

/** The balanced `\boxed{...}` that closes last; null where none does. Escaped braces count; an enclosing box closes after those in it. */
export function lastBox(bytes: Buffer): Box | null {
  const opened: number[] = []
  let box: Box | null = null
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === open) opened.push(at + 1)
    if (bytes[at] !== close) continue
    const from = opened.pop()
    if (from !== undefined && isBox(bytes, from)) box = {content: bytes.subarray(from, at), end: at}
  }
  return box
}

/** Whether the brace before `from` opens a box. */
function isBox(bytes: Buffer, from: number): boolean {
  return bytes.subarray(0, from).subarray(-boxStart.length).equals(boxStart)
}
