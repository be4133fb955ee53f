import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {expect} from 'vitest'
import type {Finished} from './rpt.js'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
export const tiny = join(root, 'experiments', 'tiny')
export const base = join(tiny, 'base')

/** A command line in which a flag of `more` takes the place of the same one in `flags`. */
export function line(command: string, flags: readonly (readonly string[])[], more: readonly string[]): string[] {
  return [command, ...flags.filter(([flag]) => flag === '--set' || !more.includes(flag)).flat(), ...more]
}

/** Flags of every command; `out` is where it writes. */
export const common = [
  ['--threads', '1'],
  ['--out', 'out'],
]
export const prepare = (documents: string, proxy = base, ...more: string[]) => {
  const flags = [...common, ['--documents', documents], ['--proxy', proxy], ['--val-documents', '10']]
  return line('prepare-data', flags, more)
}
export const train = (...more: string[]) => {
  const settings = ['prompt.template=bare', 'rollout.maxTokens=8', 'grpo.contextsPerStep=2', 'grpo.groupSize=2']
  const sets = settings.map((setting) => ['--set', setting])
  return line('train', [...common, ['--data', 'data'], ['--steps', '2'], ['--model', base], ...sets], more)
}
export const evaluate = (model: string, ...more: string[]) =>
  line('eval', [...common, ['--data', 'data'], ['--model', model], ['--limit', '2'], ['--mode', 'standard']], more)

/** Lines of progress, which stand on stderr before the error. */
const progress =
  /^(load the model[:,]|read documents|tokenize documents|score entropy|rank positions|select positions|write rows:|train \w+:|evaluate |report:)/

/** Expects an error of one line, with what to try below it. */
export function expectOneLine({stderr}: Finished, message: RegExp): void {
  const lines = stderr.split('\n').filter((line) => line !== '' && !progress.test(line))
  expect(lines.filter((line) => !line.startsWith('  try: '))).toEqual([expect.stringMatching(/^Error: /)])
  expect(stderr).toMatch(message)
  expect(stderr).not.toMatch(/internal:|^\s+at |undefined/m)
}
