import {execFileSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, symlinkSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {beforeEach, describe, expect, it, vi} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import {listDocumentFiles, readDocuments} from '../../../src/core/corpus/documents.js'
import {rolesOf} from '../../../src/core/corpus/file-roles.js'
import {locateDocuments} from '../../../src/core/corpus/locate-documents.js'
import {preparationInputs} from '../../../src/core/preparation/preparation-inputs.js'
import {DataError} from '../../../src/core/util/errors.js'
import {silentProgress} from '../../../src/core/util/progress.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rpt-folder-'))
})

/** Writes files, each with its own name as its one document. */
function write(...names: string[]): void {
  for (const name of names) writeAs(name, /\.(?:txt|md)$/.test(name) ? name : `${JSON.stringify({text: name})}\n`)
}

function writeAs(name: string, content: string): void {
  const file = join(folder, name)
  mkdirSync(dirname(file), {recursive: true})
  writeFileSync(file, content)
}

function link(target: string, name: string): void {
  mkdirSync(dirname(join(folder, name)), {recursive: true})
  symlinkSync(target, join(folder, name))
}

/** What a folder gives: names of documents, and the lines that were said, without the folder's own name. */
async function open(settings: {split?: string; subset?: string} = {}, documents = folder) {
  const said: string[] = []
  const say = (kind: string) => (line: string) => said.push(`${kind}: ${line.replaceAll(documents, 'F')}`)
  const progress = {...silentProgress, log: say('log'), warn: say('warn')}
  const place = await locateDocuments(
    {split: 'train', subset: undefined, ...settings, documents},
    {
      progress,
      signal: new AbortController().signal,
    },
  )
  const ids: string[] = []
  for await (const {docId} of readDocuments({...place, textField: 'text'})) ids.push(docId)
  return {place, ids, said}
}

async function refusal(settings: {split?: string; subset?: string} = {}): Promise<string> {
  const failure = await open(settings).catch((error) => error)
  expect(failure).toBeInstanceOf(DataError)
  expect(failure.suggestions.length).toBeLessThan(4)
  return [failure.message.replaceAll(folder, 'F'), ...failure.suggestions].join(' | ')
}

describe('a folder as data sets are on the Hub', () => {
  it('gives one split, and says which others there are', async () => {
    write('data/train-00000-of-00002.jsonl', 'data/train-00001-of-00002.jsonl', 'data/test-00000-of-00001.jsonl')
    write('README.md', 'LICENSE.txt', 'LICENSE-MIT')
    const {ids, said} = await open()
    expect(ids).toEqual(['data/train-00000-of-00002.jsonl:1', 'data/train-00001-of-00002.jsonl:1'])
    expect(said).toEqual([
      'log: documents F: reads the split train (2 files); there are also: test',
      'log: documents F: passed over: cards, licences and descriptions (3: LICENSE-MIT, LICENSE.txt, README.md); ' +
        'other splits (1: data/test-00000-of-00001.jsonl)',
    ])
    expect((await open({split: 'test'})).ids).toEqual(['data/test-00000-of-00001.jsonl:1'])
    const all = await open({split: 'all'})
    expect([all.ids.length, all.said[0]]).toEqual([3, 'log: documents F: reads every split (3 files)'])
    expect(await refusal({split: 'dev'})).toMatch(/F has no split dev \| set data\.split to one of .*, or to all to/)
  })

  it('gives what its card says', async () => {
    write('a.jsonl', 'b.jsonl', 'other/c.jsonl')
    const configs = [
      {config_name: 'x', data_files: [{split: 'train', path: 'b*'}]},
      {config_name: 'y', data_dir: 'other'},
    ]
    writeAs('README.md', `---\nconfigs: ${JSON.stringify(configs)}\n---\n`)
    expect(await refusal()).toMatch(/documents F has 2 subsets \| set data\.subset to one of x, y/)
    const {ids, said} = await open({subset: 'x'})
    expect(ids).toEqual(['b.jsonl:1'])
    expect(said[1]).toBe(
      'log: documents F: passed over: cards, licences and descriptions (1: README.md); other subsets (2: a.jsonl, other/c.jsonl)',
    )
    expect((await open({subset: 'y'})).ids).toEqual(['other/c.jsonl:1'])
  })

  it('gives the folder that is its subset', async () => {
    write('main/train.jsonl', 'socratic/train.jsonl', 'socratic/test.jsonl')
    const {ids, said} = await open({subset: 'socratic'})
    expect(ids).toEqual(['socratic/train.jsonl:1'])
    expect(said.join()).toMatch(/other splits \(1: socratic\/test\.jsonl\); other subsets \(1: main\/train\.jsonl\)/)
    expect(await refusal({subset: 'none'})).toBe('documents F has no folder none')
  })

  it('says so where a split lies in several folders, or lacks shards', async () => {
    write('2023/train.jsonl', '2024/train.jsonl')
    const {ids, said} = await open()
    expect(ids).toEqual(['2023/train.jsonl:1', '2024/train.jsonl:1'])
    expect(said[1]).toBe('warn: documents F: split train is in 2 folders, and all are read: 2023, 2024')
    const shard = 'train-00001-of-00041.jsonl'
    write(`one/${shard}`)
    const one = await open({}, join(folder, 'one'))
    expect([one.ids, one.said[1]]).toEqual([
      [`${shard}:1`],
      'warn: documents F: split train has 1 of 41 shards; those that are here are read',
    ])
  })

  it('passes over what is hidden, and what Spark and macOS leave', async () => {
    write('a.jsonl', '.b.jsonl', '._a.jsonl', '.git/x.txt', '__MACOSX/a.jsonl', '_temporary/0/part.jsonl', '_SUCCESS')
    write('.ipynb_checkpoints/a.jsonl', 'deep/.cache/a.jsonl', '_started_12', '_delta_log/0.json')
    const {ids, said} = await open()
    expect(ids).toEqual(['a.jsonl:1'])
    expect(said[1]).toBe('log: documents F: passed over: hidden (10: ._a.jsonl, .b.jsonl, .git/ and 7 more)')
    write('_a.jsonl', 'x_temporary/b.jsonl')
    expect((await open()).ids).toEqual(['_a.jsonl:1', 'a.jsonl:1', 'x_temporary/b.jsonl:1'])
  })

  it('takes texts only where there is nothing better, and warns of what may be a loss', async () => {
    write('a.jsonl', 'notes.txt', 'b.csvx', 'c d\n.pdf')
    const {ids, said} = await open()
    expect(ids).toEqual(['a.jsonl:1'])
    expect(said[1]).toBe(
      'warn: documents F: passed over: texts beside tables (1: notes.txt); of a kind that is not read (2: b.csvx, c d\\n.pdf)',
    )
    write('train.jsonl', 'test.jsonl')
    const named = await open()
    expect(named.ids).toEqual(['train.jsonl:1'])
    expect(named.said[1]).toMatch(/^warn: .*other splits \(1: test\.jsonl\);.* naming no split \(1: a\.jsonl\)/)
  })
})

describe("a folder of people's own files", () => {
  it.each<[string, string[]]>([
    ['texts', ['a.txt', 'b.md', 'sub/c.txt']],
    ['rows in several folders', ['x/a.jsonl', 'y/b.jsonl', 'z.jsonl']],
    ['several kinds', ['a.jsonl', 'b.ndjson', 'C.JSONL']],
    ['shards of any name', ['part-00000-of-00002.jsonl', 'part-00001-of-00002.jsonl']],
    ['shards of save_to_disk', ['data-00000-of-00002.jsonl', 'data-00001-of-00002.jsonl']],
    ['a folder named like a file', ['a.jsonl/b.jsonl']],
    ['names of all sorts', ['a\nb.jsonl', 'constraint.jsonl', 'é.jsonl']],
  ])('is read whole, in the order of names: %s', async (_, names) => {
    write(...names)
    const {ids, said} = await open()
    expect(ids).toEqual(names.toSorted().map((name) => `${name}:1`))
    expect(said).toEqual([`log: documents F: reads ${names.length} file${names.length === 1 ? '' : 's'}`])
  })

  it('takes titles for titles, and splits of texts for splits', async () => {
    write('on training dogs.txt', 'the test.txt', 'x.txt')
    const {ids, said} = await open()
    expect(ids).toHaveLength(3)
    expect(said[1]).toBe(
      'warn: documents F: every text is read, also those whose names may mean another split: the test.txt',
    )
    folder = mkdtempSync(join(tmpdir(), 'rpt-folder-'))
    write('ptb.train.txt', 'ptb.valid.txt', 'ptb.test.txt', 'README.md')
    expect((await open()).ids).toEqual(['ptb.train.txt:1'])
  })

  it('is refused where one file is there in two kinds', async () => {
    write('x/a.jsonl', 'x/a.ndjson', 'a.jsonl')
    expect(await refusal()).toMatch(/F: x\/a exists as \.jsonl and as \.ndjson: x\/a\.jsonl, x\/a\.ndjson \| take/)
  })

  it('passes over files of no bytes with a warning, as Spark writes them', async () => {
    write('b.jsonl')
    writeAs('a.jsonl', '')
    const {ids, said} = await open()
    expect(ids).toEqual(['b.jsonl:1'])
    expect(said[1]).toBe('warn: documents F: passed over: empty (1: a.jsonl)')
    writeAs('b.jsonl', '')
    expect(await refusal()).toBe('documents F holds no documents; passed over: empty (2: a.jsonl, b.jsonl)')
  })

  it('is refused where it holds nothing, with what it holds instead', async () => {
    expect(await refusal()).toMatch(/^documents F holds no documents; it is empty; supported: \.jsonl/)
    write('.a.jsonl', 'README.md', 'x.pdf')
    expect(await refusal()).toMatch(
      /^documents F holds no documents; passed over: hidden \(1: \.a\.jsonl\); cards.* \(1: README\.md\); of a kind.*supp/,
    )
  })
})

describe('links in a folder', () => {
  it('are followed, each folder and each file once, rings and ways back not at all', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'rpt-linked-'))
    mkdirSync(join(elsewhere, 'deep'))
    for (const name of ['x.jsonl', 'deep/y.jsonl']) writeFileSync(join(elsewhere, name), '{"text":"x"}\n')
    symlinkSync(elsewhere, join(elsewhere, 'deep/ring'))
    write('real/a.jsonl')
    link(elsewhere, 'far')
    link(join(elsewhere, 'deep'), 'zdeep')
    link('real', 'again')
    link('.', 'loop')
    link('..', 'real/up')
    link(dirname(folder), 'above')
    link('real/a.jsonl', 'b.jsonl')
    link(join(elsewhere, 'x.jsonl'), 'c.jsonl')
    const {ids, said} = await open()
    expect(ids).toEqual(['c.jsonl:1', 'far/deep/y.jsonl:1', 'real/a.jsonl:1'])
    expect(said[0]).toBe('log: documents F: reads 3 files')
    expect(said[1]).toMatch(/^log: documents F: passed over: links to what is read already \(8: .*\)$/)
    const linked = join(mkdtempSync(join(tmpdir(), 'rpt-linked-')), 'f')
    symlinkSync(folder, linked)
    expect((await open({}, linked)).ids).toEqual(ids)
  })

  it('that lead nowhere are named, unless they are hidden', async () => {
    write('a.jsonl')
    link('nowhere', '.#a.jsonl')
    expect((await open()).ids).toEqual(['a.jsonl:1'])
    link('nowhere', 'b')
    link('ring', 'ring')
    expect(await refusal()).toBe('documents F: broken links: b, ring | restore their targets, or remove the links')
  })
})

describe('what is no plain file', () => {
  it.skipIf(process.platform === 'win32')('is refused among the documents of a folder', async () => {
    write('a.jsonl')
    execFileSync('mkfifo', [join(folder, 'b.jsonl')])
    expect(await refusal()).toMatch(/^F\/b\.jsonl is a named pipe; expected a plain file/)
  })

  it.skipIf(process.platform === 'win32')('is refused as documents, whatever its name', async () => {
    const socket = join(folder, 's')
    const server = createServer().listen(socket)
    await new Promise((resolve) => server.once('listening', resolve))
    await expect(open({}, socket)).rejects.toThrow(/s is a socket; expected a plain file/)
    server.close()
    await expect(open({}, '/dev/null')).rejects.toThrow(/\/dev\/null is a device; expected a plain file/)
  })
})

it('a folder without its split is no place of documents: there is no second default', () => {
  write('train.jsonl')
  expect(() => listDocumentFiles({path: folder})).toThrow(/expected a plain file/)
})

it('tells data from texts beside them without asking for every file of every other', () => {
  const paths = Array.from({length: 1000}, (_, i) => `data/${i}.jsonl`)
  const asked = [vi.spyOn(Array.prototype, 'includes'), vi.spyOn(Array.prototype, 'indexOf')]
  expect(rolesOf([...paths, 'notes.txt'], true).passed).toEqual([{path: 'notes.txt', reason: 'besideTables'}])
  const longest = asked.flatMap(({mock}) => mock.contexts.map((list) => (list as readonly unknown[]).length))
  for (const spy of asked) spy.mockRestore()
  expect(longest.filter((length) => length >= paths.length)).toEqual([])
})

it('a block of words at the top of its README.md is no card', async () => {
  write('a.jsonl')
  for (const block of ['some words', '- a\n- b', '']) {
    writeAs('README.md', `---\n${block}\n---\n`)
    expect((await open()).ids).toEqual(['a.jsonl:1'])
  }
})

it('a file is read whole, and a split asked of it is no secret', async () => {
  write('test.jsonl')
  const file = join(folder, 'test.jsonl')
  for (const request of [{}, {split: 'all'}])
    expect(await open(request, file)).toMatchObject({ids: ['test.jsonl:1'], said: []})
  const {ids, said} = await open({split: 'dev'}, file)
  expect(ids).toEqual(['test.jsonl:1'])
  expect(said[0]).toMatch(/^warn: documents F is a file and is read whole: data\.split and data\.subset choose/)
})

it('prepared data depends on the files that are read, their names and order, and on nothing beside them', async () => {
  write('train.jsonl', 'test.jsonl', '.git/a', 'notes.txt')
  const fingerprint = async (split = 'train') => {
    const {place} = await open({split})
    return preparationInputs({config: configSchema.parse({}), source: place, models: {}}).fingerprints.documents
  }
  const before = await fingerprint()
  writeAs('test.jsonl', '{"text":"other"}\n')
  write('.git/b', 'more.txt')
  expect(await fingerprint()).toBe(before)
  expect(await fingerprint('all')).not.toBe(before)
  writeAs('train.jsonl', '{"text":"other"}\n')
  expect(await fingerprint()).not.toBe(before)
})
