import {spawnSync} from 'node:child_process'
import {createRequire} from 'node:module'

/** What became of a template: its text, or a few words that say why there is none. */
export type Rendering =
  | {readonly kind: 'rendered'; readonly text: string}
  | {readonly kind: 'failed'; readonly why: string}

/** What a template may take: wall time, heap of its process, characters of its text. */
export const renderingLimits = {timeoutMs: 5000, heapMb: 64, characters: 1_000_000}

/**
 * Runs in a process of its own: reads its jobs from stdin, writes a `Rendering` of each to stdout.
 *
 * Of the names that the reference gives every template, `strftime_now` is not there: a prompt must not depend on the day
 * it is rendered. Templates that ask whether it is defined fall back to a date of their own.
 *
 * The library's strip, lstrip and rstrip take no characters; calls that give some are turned into calls of `strip_of`.
 */
const program = `
const {jinja, source, jobs, limit} = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))
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
const stripped = {strip: [true, true], lstrip: [true, false], rstrip: [false, true]}
const strip_of = (text, method, characters) => {
  const [isLeft, isRight] = stripped[method]
  const letters = Array.from(text)
  let [start, end] = [0, letters.length]
  while (isLeft && start < end && characters.includes(letters[start])) start++
  while (isRight && start < end && characters.includes(letters[end - 1])) end--
  return letters.slice(start, end).join('')
}
const mend = (node) => {
  if (typeof node !== 'object' || node === null) return
  Object.values(node).forEach(mend)
  const {type, callee, args} = node
  if (type !== 'CallExpression' || callee.type !== 'MemberExpression' || args.length !== 1) return
  const {object, property, computed} = callee
  if (computed || !Object.hasOwn(stripped, property.value)) return
  node.callee = Object.assign(Object.create(Object.getPrototypeOf(property)), property, {value: 'strip_of'})
  node.args = [object, {type: 'StringLiteral', value: property.value}, ...args]
}
const constants = {true: true, false: false, none: null, True: true, False: false, None: null}
const {Environment, Interpreter, parse, tokenize} = require(jinja)
let tree
const render = (variables) => {
  try {
    if (!tree) mend((tree = parse(tokenize(source, {lstrip_blocks: true, trim_blocks: true}))))
    const environment = new Environment()
    for (const [name, value] of Object.entries({...constants, range, raise_exception, strip_of, ...variables}))
      environment.set(name, value)
    const text = new Interpreter(environment).run(tree).value
    if (text.length > limit) return {kind: 'failed', why: 'its text has more than ' + limit + ' characters'}
    return {kind: 'rendered', text}
  } catch (error) {
    return {kind: 'failed', why: String(error.message).replaceAll(/\\s+/g, ' ').slice(0, 300)}
  }
}
process.stdout.write(JSON.stringify(jobs.map(render)))
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
  return run(source, [variables])?.[0] ?? beyondLimits
}

/**
 * Renders a template for each set of variables, all in one process. Where that goes beyond the limits of one rendering each
 * gets a process of its own, when its turn comes.
 */
export function* renderAll(
  source: string,
  jobs: readonly Readonly<Record<string, unknown>>[],
): Generator<Rendering, void> {
  const renderings = run(source, jobs)
  if (renderings) yield* renderings
  else for (const job of jobs) yield renderJinja(source, job)
}

const beyondLimits: Rendering = {
  kind: 'failed',
  why: `it did not end within ${renderingLimits.timeoutMs / 1000} s and ${renderingLimits.heapMb} MiB of memory`,
}

/** The renderings, or null when the process did not end within the limits. */
function run(source: string, jobs: readonly Readonly<Record<string, unknown>>[]): Rendering[] | null {
  const {timeoutMs, heapMb, characters} = renderingLimits
  const jinja = createRequire(import.meta.url).resolve('@huggingface/jinja')
  const {stdout, status} = spawnSync(process.execPath, [`--max-old-space-size=${heapMb}`, '-e', program], {
    input: JSON.stringify({jinja, source, jobs, limit: characters}),
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: 8 * characters,
    stdio: ['pipe', 'pipe', 'ignore'],
    encoding: 'utf8',
    env: {},
  })
  return status === 0 ? JSON.parse(stdout) : null
}
