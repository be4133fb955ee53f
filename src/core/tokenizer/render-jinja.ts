import {spawnSync} from 'node:child_process'
import {createRequire} from 'node:module'

/** What became of a template: its text, or a few words that say why there is none. */
export type Rendering =
  | {readonly kind: 'rendered'; readonly text: string}
  | {readonly kind: 'failed'; readonly why: string}

/** What a template may take: wall time, heap of its process, characters of its text. */
export const renderingLimits = {timeoutMs: 5000, heapMb: 64, characters: 1_000_000}

/**
 * Runs in a process of its own: reads its job from stdin, writes a `Rendering` to stdout.
 *
 * Of the names that the reference gives every template, `strftime_now` is not there: a prompt must not depend on the day
 * it is rendered. Templates that ask whether it is defined fall back to a date of their own.
 */
const program = `
const {jinja, source, variables, limit} = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))
const answer = (value) => process.stdout.write(JSON.stringify(value))
const range = (first, last, step = 1) => {
  if (step === 0) throw new Error('range() with a step of 0')
  const [start, stop] = last === undefined ? [0, first] : [first, last]
  const values = []
  for (let value = start; step > 0 ? value < stop : value > stop; value += step) values.push(value)
  return values
}
const raise_exception = (message) => {
  throw new Error(message)
}
const constants = {true: true, false: false, none: null, True: true, False: false, None: null}
try {
  const {Environment, Interpreter, parse, tokenize} = require(jinja)
  const environment = new Environment()
  for (const [name, value] of Object.entries({...constants, range, raise_exception, ...variables}))
    environment.set(name, value)
  const tree = parse(tokenize(source, {lstrip_blocks: true, trim_blocks: true}))
  const text = new Interpreter(environment).run(tree).value
  if (text.length > limit) answer({kind: 'failed', why: 'its text has more than ' + limit + ' characters'})
  else answer({kind: 'rendered', text})
} catch (error) {
  answer({kind: 'failed', why: String(error.message).replaceAll(/\\s+/g, ' ').slice(0, 300)})
}
`

/**
 * Renders a Jinja template with a hard limit on time and memory.
 *
 * A template is a program that came with a checkpoint. It runs in a process of its own, because a thread that asks for too
 * much memory at once takes the whole process with it; this one waits.
 *
 * @param variables what the template may name, as JSON; undefined values count as not defined
 */
export function renderJinja(source: string, variables: Readonly<Record<string, unknown>>): Rendering {
  const {timeoutMs, heapMb, characters} = renderingLimits
  const jinja = createRequire(import.meta.url).resolve('@huggingface/jinja')
  const {stdout, status} = spawnSync(process.execPath, [`--max-old-space-size=${heapMb}`, '-e', program], {
    input: JSON.stringify({jinja, source, variables, limit: characters}),
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: 8 * characters,
    stdio: ['pipe', 'pipe', 'ignore'],
    encoding: 'utf8',
    env: {},
  })
  if (status === 0) return JSON.parse(stdout)
  return {kind: 'failed', why: `it did not end within ${timeoutMs / 1000} s and ${heapMb} MiB of memory`}
}
