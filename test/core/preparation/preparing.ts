import {readFileSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {type PrepareSummary, prepareData} from '../../../src/core/preparation/prepare-data.js'
import {documentsTable, positionsTable, readRows} from '../../../src/core/tables/index.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import type {Services} from '../../../src/core/util/services.js'
import {makeCheckpoint, newFolder} from './small-checkpoint.js'

/** The documents that are prepared where a test names no others. */
export const texts = [
  'The red lamp is on. After two turns it shows 3.',
  'Anna copied it twice. It starts in June.',
  'Phases: A early, B mirror, C early.',
  'After D it is June. After H it is January.',
  'Karen checked it there, once and again.',
  'A \\boxed{7} is text; so is </think> here.',
  'Grüße an 中文, with <eos> written out.',
  'The last one: 1, 2, 3, 4, 5.',
]

/** What a preparation came to, and all that it said. */
export interface Run {
  readonly lines: string[]
  readonly summary: PrepareSummary
}

/** What the preparations of one file of tests share. */
export interface Workspace {
  /** Folders of two random checkpoints with one tokenizer; the first is the proxy where a test names no other. */
  readonly proxy: string
  readonly other: string
  /** A file of `texts`. */
  readonly documents: string
  /** Prepares into a folder; a setting that is undefined is not given. */
  readonly prepare: (out: string, settings?: Record<string, unknown>, changes?: Partial<Services>) => Promise<Run>
}

/** Makes checkpoints and documents. */
export async function makeWorkspace(): Promise<Workspace> {
  const [proxy, other] = [await makeCheckpoint(1), await makeCheckpoint(2)]
  const documents = join(newFolder(), 'corpus.jsonl')
  writeFileSync(documents, texts.map((text) => `${JSON.stringify({text})}\n`).join(''))
  const usual = {threads: 1, 'data.documents': documents, 'data.proxy': proxy, 'data.valDocuments': 3}
  const prepare: Workspace['prepare'] = (out, settings, changes) => run({out, ...usual, ...settings}, changes)
  return {proxy, other, documents, prepare}
}

async function run(settings: Record<string, unknown>, changes: Partial<Services> = {}): Promise<Run> {
  const lines: string[] = []
  const given = Object.entries(settings).filter(([, value]) => value !== undefined)
  const {config, sources} = loadConfig({
    command: 'prepare-data',
    sets: given.map(([key, value]) => `${key}=${value}`),
    cwd: tmpdir(),
  })
  const summary = await prepareData(config, {
    progress: {...silentProgress, log: (line) => lines.push(line), warn: (line) => lines.push(line)},
    signal: new AbortController().signal,
    sources,
    command: 'prepare-data',
    version: '0.0.0',
    resume: false,
    overwrite: false,
    ...changes,
  })
  return {lines, summary}
}

/** What a run that must fail throws. */
export const failureOf = (run: Promise<unknown>) =>
  run.then(
    () => expect.fail('nothing was thrown'),
    (error) => error,
  )

/** A JSON file of a folder. */
export const json = (folder: string, name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'))

/** All rows of the table of positions of prepared data. */
export const positionsOf = (folder: string) => [...readRows(join(folder, 'positions.arrow'), positionsTable)]

/** All rows of the table of documents of prepared data. */
export const documentsOf = (folder: string) => [...readRows(join(folder, 'documents.arrow'), documentsTable)]

/** Entropy in nats of the k most probable tokens, their probabilities made to add up to 1. */
export function topEntropy(logprobs: readonly number[], k: number): number {
  const top = [...logprobs]
    .sort((a, b) => b - a)
    .slice(0, k)
    .map(Math.exp)
  const total = top.reduce((sum, p) => sum + p, 0)
  return -top.reduce((sum, p) => sum + (p / total) * Math.log(p / total), 0)
}
