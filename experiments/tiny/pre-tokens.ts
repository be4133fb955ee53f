/**
 * How text is cut before byte pair encoding: the box opener, words, numbers, single symbols; a leading
 * space belongs to what follows it. Written so that JavaScript and Oniguruma read it alike.
 */
export const preTokenPattern = '\\\\boxed\\{| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]|\\s'

const preToken = new RegExp(preTokenPattern, 'gu')

export function splitPreTokens(text: string): string[] {
  return text.match(preToken) ?? []
}
