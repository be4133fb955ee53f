import {createHash} from 'node:crypto'

/** Longest names of folders, and longest values in labels, in characters. */
const longestName = 80
const longestValue = 48

/**
 * A name that every file system takes as one folder: `text` itself where it is short and plain, else what is left of it
 * and a hash.
 *
 * Capital letters are not plain: some file systems do not tell them from small ones.
 *
 * @param isPlain whether the text may stand as it is, if it is short enough
 * @param identity what the hash is made of
 */
export function folderName(text: string, isPlain: boolean, identity: string): string {
  if (isPlain && text.length <= longestName) return text
  const left = text.replaceAll(/[^\w.,=+-]+/g, '_').slice(0, longestName - 11)
  return `${left}-${hashOf(identity).slice(0, 10)}`
}

/** A text on one line for labels: without its middle, and with a hash, where it is long or has more than one line. */
export function shortLabel(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, ' ')
  if (line === text && line.length <= longestValue) return text
  const middle = line.length <= longestValue ? line : `${line.slice(0, 22)}…${line.slice(-16)}`
  return `${middle} #${hashOf(text).slice(0, 6)}`
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
