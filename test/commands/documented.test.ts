import {mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {Parser} from '@oclif/core'
import type {Command} from '@oclif/core/command'
import {expect, it} from 'vitest'
import {loadConfig, requireKeys} from '../../src/core/config/load.js'
import {temporaryFolder} from '../support/tiny-engine.js'

const root = join(import.meta.dirname, '..', '..')
const pages = [
  'README.md',
  ...['docs', 'experiments'].flatMap((folder) =>
    readdirSync(join(root, folder), {recursive: true, encoding: 'utf8'})
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name)),
  ),
]

interface Line {
  readonly page: string
  readonly text: string
}

/** Blocks of code of a language on a page. */
function blocksOf(page: string, language: string): string[] {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, block]) => block)
}

/** Commands of rpt in the blocks of a page, each on one line. */
const lines: readonly Line[] = pages.flatMap((page) =>
  blocksOf(page, 'sh')
    .flatMap((block) => block.replaceAll(/\\\n\s*/g, ' ').split('\n'))
    .filter((text) => /^(npx rpt|rpt|node bin\/run\.js) [a-z]/.test(text))
    .map((text) => ({page, text})),
)

/** A shell's words of a line, its comment left out. */
function wordsOf(text: string): string[] {
  const words: string[] = []
  for (const [word] of text.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)) {
    if (word.startsWith('#')) break
    words.push(word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double))
  }
  return words
}

/** A folder with the config files that pages show: a block whose first line is `# name.yaml`. */
function folderOfConfigs(): string {
  const folder = temporaryFolder()
  symlinkSync(join(root, 'experiments'), join(folder, 'experiments'))
  for (const page of pages)
    for (const block of blocksOf(page, 'yaml')) {
      const [, name] = /^# ([\w-]+\.yaml)\n/.exec(block) ?? []
      if (name !== undefined) writeFileSync(join(folder, name), block)
    }
  mkdirSync(join(folder, 'runs'))
  return folder
}

const folder = folderOfConfigs()

it('commands are found on many pages', () => {
  expect(lines.length).toBeGreaterThan(80)
  expect(new Set(lines.map(({page}) => page)).size).toBeGreaterThan(15)
})

it.each(lines)('the command of $page is one: $text', async ({text}) => {
  // The README's example of a reward that a reader adds.
  const words = wordsOf(text.replace('prefix-length', 'prefix-match'))
  const [name, ...argv] = words.slice(words[0] === 'rpt' ? 1 : 2)
  const {default: command}: {default: Command.Class} = await import(join(root, 'dist', 'commands', `${name}.js`))
  const {args, baseFlags, flags, strict} = command
  const {flags: found} = await Parser.parse(argv, {args, flags: {...baseFlags, ...flags}, strict})
  const {config, ...files} = found as Record<string, unknown> & {config?: string[]; set?: string[]}
  const loaded = loadConfig({command: name, files: config, sets: files.set, flags: found, cwd: folder})
  const {needs} = command as unknown as {
    needs: Parameters<typeof requireKeys>[1] | ((config: unknown) => Promise<never>)
  }
  requireKeys(loaded.config, typeof needs === 'function' ? await needs(loaded.config) : needs)
})
