import {readdirSync, readFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {expect, it} from 'vitest'

const src = join(import.meta.dirname, '..', '..', 'src')

/** Packages and files below src that are loaded with a file: what it imports, and what that imports, types left out. */
function loadedWith(path: string, found = new Set<string>()): Set<string> {
  const text = readFileSync(join(src, path), 'utf8')
  for (const [, names, specifier] of text.matchAll(/^(?:import|export) (?!type)([^'"`;]*?)from '([^']+)'/gm)) {
    if (/^\{(\s*type [^,}]*,?)*\s*\}/.test(names) || specifier.startsWith('node:')) continue
    const target = specifier.startsWith('.') ? join(dirname(path), specifier).replace(/\.js$/, '.ts') : specifier
    if (found.has(target)) continue
    found.add(target)
    if (specifier.startsWith('.')) loadedWith(target, found)
  }
  return found
}

it('help and version load oclif and what a process needs to end well, no colours and no settings', () => {
  const hooks = [...loadedWith('hooks/init.ts'), ...loadedWith('hooks/finally.ts')]
  expect([...new Set(hooks)].sort()).toEqual([
    'core/files/storage-error.ts',
    'core/util/errors.ts',
    'core/util/visible.ts',
    'terminal/failure.ts',
    'terminal/streams.ts',
  ])
  expect(readFileSync(join(src, '..', 'bin', 'run.js'), 'utf8')).toContain("'@oclif/core/execute'")
})

it.each(readdirSync(join(src, 'commands')))(
  '%s loads settings to read its flags; the rest comes when it runs',
  (file) => {
    const early = /^(base-command|core\/(config|records|util)\/|terminal\/|@oclif\/core\/|chalk$|yaml$|zod$)/
    expect([...loadedWith(`commands/${file}`)].filter((path) => !early.test(path))).toEqual([])
  },
)

it('the engine thread loads no settings, which the main thread has read, and no reader of YAML', () => {
  const settings = /^(core\/config\/(?!names)|core\/files\/(index|output)|yaml$)/
  expect([...loadedWith('core/engine/worker.ts')].filter((path) => settings.test(path))).toEqual([])
})
