import {endTag} from '../prompts/templates.js'

const leadingStartTag = /^\s*<think>/

/** The thought of a completion, trimmed: see `writtenThoughtOf`. */
export function thoughtOf(completion: string): string {
  return writtenThoughtOf(completion).trim()
}

/** The thought as it was written: the text before the first `</think>`, or all of it if there is none, behind a `<think>` that begins it. */
export function writtenThoughtOf(completion: string): string {
  const end = completion.indexOf(endTag)
  return (end < 0 ? completion : completion.slice(0, end)).replace(leadingStartTag, '')
}

/** Words of a text: runs of anything but white space. */
export function wordCount(text: string): number {
  return text.match(/\S+/g)?.length ?? 0
}

/** The first words of a text, one space between them. */
export function openingOf(text: string, words: number): string {
  const found: string[] = []
  for (const [word] of text.matchAll(/\S+/g)) {
    if (found.push(word) === words) break
  }
  return found.join(' ')
}
