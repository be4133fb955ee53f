import {meantChoice} from '../core/util/suggest.js'

/** What oclif raises of what was typed wrong. */
export interface ParseError extends Error {
  readonly suggestions?: readonly string[]
  /** Arguments of a command that are missing. */
  readonly args?: readonly {readonly name: string; readonly description?: string}[]
}

/** oclif's words for what was typed wrong, and ours. */
const wordings: readonly (readonly [theirs: RegExp, ours: (match: readonly string[], error: ParseError) => Worded])[] =
  [
    [
      /^Parsing (--\S+)\s+Expected an integer(?: greater than or equal to (\d+))? but received: (.*)$/s,
      ([, flag, least, value]) => [`${flag} is ${value}; needs a whole number${least ? ` of at least ${least}` : ''}`],
    ],
    [
      /^Expected (--[^=]+)=(.*) to be one of: (.*)$/s,
      ([, flag, value, choices]) => {
        const near = meantChoice(value, choices.split(', '))
        return [`${flag} is ${value}; needs one of ${choices}`, ...(near ? [`did you mean ${near}?`] : [])]
      },
    ],
    [
      /^Missing \d+ required arg/,
      (_, {args = []}) => {
        const named = args.map(({name, description}) => `${name.toUpperCase()} (${description})`)
        return [`${named.join(' and ')} ${args.length > 1 ? 'are' : 'is'} missing`]
      },
    ],
    [
      /^Unexpected argument.*$/s,
      ([words]) => [words, 'give the values of a list to one flag, with commas between: a,b'],
    ],
  ]

/** A message and what to try. */
type Worded = readonly [message: string, ...suggestions: string[]]

/** An error in our words, with what to try, where oclif's words say less. */
export function inOurWords<T extends ParseError>(error: T): T {
  const [said] = error.message.split('\nSee more help')
  for (const [theirs, ours] of wordings) {
    const match = theirs.exec(said)
    if (!match) continue
    const [message, ...suggestions] = ours(match, error)
    return Object.assign(error, {message, suggestions: [...(error.suggestions ?? []), ...suggestions]})
  }
  return error
}
