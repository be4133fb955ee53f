import {readdirSync, readFileSync} from 'node:fs'
import {dirname, join, relative, resolve} from 'node:path'
import {fileURLToPath} from 'node:url'
import {describe, expect, it} from 'vitest'
import {
  objectiveNames,
  rewardNames,
  samplerNames,
  selectionNames,
  taskNames,
  thoughtStyles,
  verifierNames,
} from '../src/core/config/names.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const src = join(root, 'src')

/** Lowest first; a folder of src/core imports from itself and from lower rows. A room within a folder may have a row of its own. */
const layers = [
  ['util', 'records'],
  ['config', 'onnx', 'net'],
  ['autodiff', 'nn', 'optim', 'files'],
  ['tokenizer'],
  ['cuda'],
  ['tables', 'weights', 'hub', 'runtime'],
  ['models', 'grpo', 'statistics', 'prompts'],
  ['rewards', 'analysis'],
  ['engine/graphs', 'engine/state'],
  ['engine/sessions'],
  ['engine/segments'],
  ['engine/scoring', 'engine/sampling', 'engine/update'],
  ['engine/memory'],
  ['engine'],
  ['corpus', 'prepared', 'trackers'],
  ['samplers'],
  ['tasks'],
  ['runs'],
  ['objectives'],
  ['evaluation', 'preparation', 'warm-start'],
  ['training'],
  ['report'],
  ['push'],
  ['sweep'],
  ['planning'],
]

/** Package -> the only places that may import it; packages that are not here may be imported anywhere. */
const doors: Readonly<Record<string, readonly string[]>> = {
  'onnxruntime-node': ['core/runtime/onnxruntime.ts'],
  'apache-arrow': ['core/tables'],
  '@huggingface/tokenizers': ['core/tokenizer'],
  '@huggingface/jinja': ['core/tokenizer'],
  '@huggingface/hub': ['core/hub'],
  undici: ['core/net'],
  yauzl: ['core/cuda'],
  hyparquet: ['core/corpus'],
  'hyparquet-compressors': ['core/corpus'],
  fzstd: ['core/corpus'],
  'csv-parse': ['core/corpus'],
  '@oclif/core': ['commands', 'base-command.ts', 'terminal/help.ts'],
  protobufjs: ['core/onnx', 'core/trackers'],
  vega: ['core/report'],
  'vega-lite': ['core/report'],
  chalk: ['terminal'],
  'string-width': ['core/util/text-width.ts'],
  ora: ['terminal'],
}

const maxFileLines = 350
const maxFunctionLines = 60

interface Source {
  /** Path below src with forward slashes. */
  readonly path: string
  readonly lines: readonly string[]
  /** Import specifiers, those of types included. */
  readonly imports: readonly string[]
  /** Those of them that are loaded when the file is. */
  readonly loads: readonly string[]
}

function readSource(file: string): Source {
  const text = readFileSync(file, 'utf8')
  const found = [
    ...text.matchAll(/^(?:import|export)\b[^'"`;]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm),
  ]
  const isLoaded = (statement: string) => !/^(?:import|export) type\b|\bimport\(/.test(statement)
  return {
    path: relative(src, file).replaceAll('\\', '/'),
    lines: text.trimEnd().split('\n'),
    imports: found.map(([, from, bare, lazy]) => from ?? bare ?? lazy),
    loads: found.filter(([statement]) => isLoaded(statement)).map(([, from, bare]) => from ?? bare),
  }
}

const sources = readdirSync(src, {recursive: true, encoding: 'utf8'})
  .filter((name) => /\.[jt]s$/.test(name))
  .toSorted()
  .map((name) => readSource(join(src, name)))

function target(source: Source, specifier: string): string {
  const path = relative(src, resolve(src, dirname(source.path), specifier)).replaceAll('\\', '/')
  // What a page runs in the browser is JavaScript.
  return path.includes('/page/') ? path : path.replace(/\.js$/, '.ts')
}

/** Height of a file: its row in `layers`; terminal above util; commands above everything. */
function place(path: string): {name: string; height: number} {
  const [top, folder, room] = path.split('/')
  if (top === 'core') {
    const names = [`${folder}/${room}`, folder]
    const height = layers.findIndex((row) => names.some((name) => row.includes(name)))
    return {name: layers[height]?.find((name) => names.includes(name)) ?? folder, height}
  }
  return top === 'terminal' ? {name: top, height: 0.5} : {name: 'commands', height: layers.length}
}

/** Every name of a row: code asks the row, never for its name. */
const rowNames = [
  objectiveNames,
  taskNames,
  rewardNames,
  samplerNames,
  selectionNames,
  thoughtStyles,
  verifierNames,
].flat()

describe('tables', () => {
  it('no code compares with the name of a row', () => {
    const comparison = new RegExp(`(?:[=!]==|\\bcase) '(?:${rowNames.join('|')})'|'(?:${rowNames.join('|')})' [=!]==`)
    const found = sources.flatMap(({path, lines}) =>
      lines.flatMap((line, i) => (comparison.test(line) ? [`src/${path}:${i + 1} ${line.trim()}`] : [])),
    )
    expect(found).toEqual([])
  })
})

describe('imports', () => {
  it('go to lower layers only', () => {
    const wrong = sources.flatMap((source) =>
      source.imports
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => target(source, specifier))
        .filter(
          (path) => place(path).name !== place(source.path).name && place(path).height >= place(source.path).height,
        )
        .map((path) => `src/${source.path} must not import src/${path}`),
    )
    expect(wrong).toEqual([])
  })

  it('every folder of src/core has a layer', () => {
    expect(sources.filter(({path}) => place(path).height < 0).map(({path}) => path)).toEqual([])
  })

  it('of a package go through its one door, and the package is a dependency', () => {
    const {dependencies} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const wrong = sources.flatMap(({path, imports}) =>
      imports
        .filter(
          (specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:') && !specifier.startsWith('${'),
        )
        .map((specifier) =>
          specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/'),
        )
        .filter((name) => !(name in dependencies) || !(doors[name] ?? ['']).some((door) => path.startsWith(door)))
        .map((name) => `src/${path} must not import ${name}`),
    )
    expect(wrong).toEqual([])
  })

  it.each(['core/engine/worker.ts', 'core/optim/step-worker.ts'])(
    'of the thread %s are soon loaded: no zod',
    (thread) => {
      const loaded = new Set([thread])
      // A set goes on to what is added while it is walked.
      for (const path of loaded) {
        const source = sources.find((one) => one.path === path)
        for (const specifier of source?.loads ?? [])
          loaded.add(specifier.startsWith('.') ? target(source!, specifier) : specifier)
      }
      expect(loaded.size).toBeGreaterThan(1)
      expect(loaded).not.toContain('zod')
    },
  )

  it('have no cycles, types included', () => {
    expect(cycles()).toEqual([])
  })
})

function cycles(): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const finished = new Set<string>()
  const found: string[] = []
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(' -> '))
    if (finished.has(path) || trail.includes(path)) return
    const source = byPath.get(path)
    for (const specifier of source?.imports ?? []) {
      if (specifier.startsWith('.')) visit(target(source!, specifier), [...trail, path])
    }
    finished.add(path)
  }
  for (const {path} of sources) visit(path, [])
  return found
}

/** Name and length of every function with a body of its own lines; Biome's indentation tells where it ends. */
function functionsOf({path, lines}: Source): {name: string; length: number}[] {
  const control = /^\s*(?:\}|(?:if|for|while|switch|do|try|catch|else|case|default|return)\b)/
  return lines.flatMap((line, start) => {
    if (control.test(line)) return []
    const indent = /^\s*/.exec(line)![0]
    const opening = line.endsWith('(') ? endOf(lines, start, `${indent})`) : start
    if (!/(?:=>|\)|\)(?: is|: )[^=]*) \{$/.test(lines[opening] ?? '')) return []
    return [{name: `src/${path}:${start + 1}`, length: endOf(lines, opening, `${indent}}`) - start + 1}]
  })
}

function endOf(lines: readonly string[], start: number, closing: string): number {
  return lines.findIndex((line, index) => index > start && line.startsWith(closing))
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}

describe('sizes', () => {
  it(`files have at most ${maxFileLines} lines`, () => {
    const sizes = sources.map(({lines}) => lines.length)
    console.log(`src: ${sizes.length} files, median ${median(sizes)} lines, largest ${Math.max(...sizes)}`)
    expect(sources.filter(({lines}) => lines.length > maxFileLines).map(({path}) => path)).toEqual([])
  })

  it(`functions have at most ${maxFunctionLines} lines`, () => {
    const functions = sources.flatMap(functionsOf)
    const lengths = functions.map(({length}) => length)
    console.log(`src: ${lengths.length} functions, median ${median(lengths)} lines, largest ${Math.max(...lengths)}`)
    expect(functions.filter(({length}) => length > maxFunctionLines)).toEqual([])
  })
})

it('every export has a doc comment', () => {
  const declaration =
    /^export (?:default |declare |abstract |async )*(?:function|class|const|let|interface|type|enum) ?\*? ?(\w+)/
  const bare = sources.flatMap(({path, lines}) =>
    lines
      .map((line, index) => ({name: declaration.exec(line)?.[1], before: lines[index - 1] ?? '', index}))
      .filter(({name, before}) => name && !before.trimEnd().endsWith('*/'))
      .map(({name, index}) => `src/${path}:${index + 1} ${name}`),
  )
  expect(bare).toEqual([])
})
