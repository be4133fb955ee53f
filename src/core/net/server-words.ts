import {isObject} from '../util/is-object.js'

/** Of an answer that refuses, bytes that are read. */
const longestAnswer = 2 ** 16
/** Of what a server says in an error, characters. */
const longestWords = 300

/**
 * What a server says of a refusal: in the header of the Hub, or in the body as JSON, as many servers do, or as the XML of S3,
 * which stores large files. Empty where it says nothing.
 */
export async function serverWords(response: Response): Promise<string> {
  const header = response.headers.get('x-error-message')
  if (header !== null) {
    await response.body?.cancel()
    return header.slice(0, longestWords)
  }
  // The status tells enough where the connection ends, or where a proxy answers in HTML.
  const text = await beginningOf(response).catch(() => '')
  return (text.startsWith('<') ? wordsInXml(text) : wordsInJson(text)).slice(0, longestWords)
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

function wordsInJson(text: string): string {
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

/** `<Error><Code>AccessDenied</Code><Message>Request has expired</Message>`: the code and the message of an error of S3. */
function wordsInXml(text: string): string {
  if (!/^(?:<\?xml[^>]*>\s*)?<Error>/.test(text)) return ''
  const parts = ['Code', 'Message'].map((name) => text.split(`<${name}>`, 2)[1]?.split('<', 1)[0] ?? '')
  return parts
    .map((part) => part.replaceAll(/&(?:amp|lt|gt|quot|apos);/g, (entity) => entities[entity]).trim())
    .filter((part) => part !== '')
    .join(': ')
}

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
}

function plain(said: unknown): string {
  if (typeof said === 'string') return said.trim()
  return isObject(said) && typeof said.message === 'string' ? said.message.trim() : ''
}
