import {isObject} from '../util/is-object.js'

/** Of an answer that refuses, bytes that are read. */
const longestAnswer = 2 ** 16
/** Of what a server says in an error, characters. */
const longestWords = 300

/**
 * What a server says of a refusal: in the header of the Hub, or as JSON in the body, as its store of large files and other
 * servers do. Empty where it says nothing.
 */
export async function serverWords(response: Response): Promise<string> {
  const header = response.headers.get('x-error-message')
  if (header !== null) {
    await response.body?.cancel()
    return header.slice(0, longestWords)
  }
  // The status tells enough where the connection ends, or where a proxy answers in HTML.
  const text = await beginningOf(response).catch(() => '')
  return wordsIn(text).slice(0, longestWords)
}

/** The text of a body, as far as it is read; the rest is not waited for. */
async function beginningOf({body}: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body ?? []) {
    chunks.push(chunk)
    length += chunk.length
    if (length > longestAnswer) break
  }
  return Buffer.concat(chunks).toString('utf8')
}

function wordsIn(text: string): string {
  try {
    const said: unknown = JSON.parse(text)
    if (!isObject(said)) return ''
    const {error, message, errors} = said
    const found = [error, message, ...(Array.isArray(errors) ? errors : [])].map(plain)
    return found.find((words) => words !== '') ?? ''
  } catch {
    return ''
  }
}

function plain(said: unknown): string {
  if (typeof said === 'string') return said.trim()
  return isObject(said) && typeof said.message === 'string' ? said.message.trim() : ''
}
