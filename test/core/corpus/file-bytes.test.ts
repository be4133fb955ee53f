import {execFileSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {gzipSync} from 'node:zlib'
import {beforeAll, describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {configSchema} from '../../../src/core/config/schema.js'
import {chooseFolderFiles} from '../../../src/core/corpus/choose-files.js'
import {readCompletions} from '../../../src/core/corpus/completions.js'
import {hashFile} from '../../../src/core/files/index.js'
import {readModelConfig} from '../../../src/core/models/model-config.js'
import {checkTemplate, renderPrompt} from '../../../src/core/prompts/prompts.js'
import {sweepPoints} from '../../../src/core/sweep/points.js'
import {evalTable, readTable} from '../../../src/core/tables/index.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {DataError} from '../../../src/core/util/errors.js'
import {SafetensorsFile, WeightFiles} from '../../../src/core/weights/index.js'
import {tinyModel} from '../../support/tiny-model.js'
import {byteLevel, byteLevelConfig, writeTokenizer} from '../tokenizer/sample-tokenizers.js'
import {textsOf} from './read-folder.js'

let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await loadTokenizer(writeTokenizer(byteLevel(), byteLevelConfig))
})

/** A file that is opened somewhere: its name, what it may hold, what lies beside it, and how it is read. */
interface Opening {
  readonly name: string
  /** A sound text; null where it is no text. */
  readonly text: string | null
  readonly beside?: Readonly<Record<string, string>>
  read(file: string): unknown
}

const model = tinyModel().source
const prompt = configSchema.parse({}).prompt
const row = '{"text":"the tin"}\n'
const chat = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}"
const renderedWith = (settings: object) =>
  renderPrompt(tokenizer, {...prompt, ...settings}, {key: {source: 'a:1', index: 1}, tokenIds: Int32Array.of(97)}, 999)
    .ids

const openings: Readonly<Record<string, Opening>> = {
  'documents in JSONL': {name: 'a.jsonl', text: row, read: (file) => textsOf(file)},
  'a text': {name: 'a.txt', text: 'the tin', read: (file) => textsOf(file)},
  'documents in Parquet': {name: 'a.parquet', text: null, read: (file) => textsOf(file)},
  'documents of a folder': {name: 'f/a.jsonl', text: row, read: (file) => textsOf(dirname(file))},
  'the card of a folder': {
    name: 'README.md',
    text: '---\r\nconfigs: [{config_name: x, data_files: b.jsonl}]\r\n---\r\n',
    beside: {'a.jsonl': row, 'b.jsonl': row},
    read: (file) => chooseFolderFiles(dirname(file), {split: 'train'}),
  },
  'what is hashed': {name: 'a.bin', text: null, read: (file) => hashFile(file)},
  completions: {
    name: 'traces.jsonl',
    text: '{"prompt":"a","completion":"b"}\n',
    read: (file) => readCompletions(file, {tokenizer, chatTemplate: null, maxTokens: 99}),
  },
  'prompt.templateFile': {
    name: 't.txt',
    text: 'Say: {context}\nNow\n',
    read: (file) => renderedWith({templateFile: file}),
  },
  'prompt.chatTemplateFile': {
    name: 't.jinja',
    text: chat,
    read: (file) => renderedWith({chatTemplateFile: file}),
  },
  'tokenizer.json': {
    name: 'tokenizer.json',
    text: JSON.stringify(byteLevel()),
    read: async (file) => (await loadTokenizer(dirname(file))).encodeText(' size'),
  },
  ...Object.fromEntries(
    Object.entries({
      'tokenizer_config.json': JSON.stringify(byteLevelConfig),
      'special_tokens_map.json': '{"eos_token":"<eos>"}',
      'chat_template.jinja': chat,
      'chat_template.json': JSON.stringify({chat_template: chat}),
    }).map(([name, text]) => [
      name,
      {
        name,
        text,
        beside: {'tokenizer.json': JSON.stringify(byteLevel())},
        read: async (file: string) => {
          const {chatTemplate, endIds} = await loadTokenizer(dirname(file))
          return {source: chatTemplate?.source, endIds}
        },
      },
    ]),
  ),
  'config.json': {name: 'config.json', text: JSON.stringify(model), read: (file) => readModelConfig(dirname(file))},
  'a bare model config': {name: 'm.json', text: JSON.stringify(model), read: (file) => readModelConfig(file)},
  'generation_config.json': {
    name: 'generation_config.json',
    text: '{"eos_token_id": 3}',
    beside: {'config.json': JSON.stringify(model)},
    read: (file) => readModelConfig(dirname(file)),
  },
  weights: {name: 'model.safetensors', text: null, read: (file) => SafetensorsFile.open(file)},
  'the index of weights': {
    name: 'model.safetensors.index.json',
    text: null,
    read: (file) => WeightFiles.open(dirname(file)),
  },
  'a table': {name: 'eval.arrow', text: null, read: (file) => readTable(file, evalTable)},
  settings: {
    name: 'a.yaml',
    text: 'seed: 7\n',
    read: (file) => loadConfig({files: [file], cwd: dirname(file)}).config.seed,
  },
  'settings of a sweep': {
    name: 'train.yaml',
    text: 'seed: 7\n',
    read: (train) => {
      const {sweep} = configSchema.parse({})
      return sweepPoints(configSchema.parse({out: '/o', sweep: {...sweep, train}})).map(({config}) => config.seed)
    },
  },
}

/** Lets `put` make the file, the others lying beside it, and reads it. */
async function readAfter({name, beside = {}, read}: Opening, put: (file: string) => void): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'rpt-bytes-'))
  const file = join(folder, name)
  mkdirSync(dirname(file), {recursive: true})
  for (const [other, content] of Object.entries(beside)) writeFileSync(join(folder, other), content)
  put(file)
  // Folders differ from call to call; what is read does not.
  return JSON.parse(JSON.stringify((await read(file)) ?? null).replaceAll(folder, ''))
}

async function failureOf(reading: Promise<unknown>): Promise<DataError> {
  const failure = await reading.catch((error) => error)
  expect(failure).toBeInstanceOf(DataError)
  return failure as DataError
}

const contentIn = (content: string | Uint8Array) => (file: string) => writeFileSync(file, content)
const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 12345\n'

const faults: readonly [what: string, put: (file: string) => void, message: RegExp, remedy: RegExp][] = [
  ['a named pipe', (file) => execFileSync('mkfifo', [file]), /is a named pipe; expected a plain file$/, /to a file/],
  ['a device', (file) => symlinkSync('/dev/null', file), /is a device; expected a plain file$/, /to a file/],
  ['a pointer', contentIn(pointer), /is a Git LFS pointer, not the file itself$/, /git lfs pull/],
]

describe.each(Object.entries(openings))('%s', (_, opening) => {
  it.skipIf(process.platform === 'win32').each(faults)('is refused when it is %s', async (__, put, message, remedy) => {
    const failure = await failureOf(readAfter(opening, put))
    expect(failure.message).toMatch(message)
    expect(failure.suggestions.join()).toMatch(remedy)
  })
})

const texts = Object.entries(openings).filter(([, {text}]) => text !== null)

describe.each(texts)('%s', (_, opening) => {
  const text = opening.text!

  it('is the same with a byte order mark', async () => {
    expect(await readAfter(opening, contentIn(`\ufeff${text}`))).toEqual(await readAfter(opening, contentIn(text)))
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['UTF-16', Buffer.from(`\ufeff${text}`, 'utf16le'), /is UTF-16 or UTF-32; expected UTF-8/],
    ['UTF-16 without a mark', Buffer.from(text, 'utf16le'), /is UTF-16 or UTF-32; expected UTF-8/],
    ['UTF-16, big end first', Buffer.from(`\ufeff${text}`, 'utf16le').swap16(), /is UTF-16/],
    ['compressed', gzipSync(text), /is compressed with gzip/],
    ['a Parquet table', Buffer.from('PAR1\x15\x00\x15'), /is a table in Parquet format, not text/],
    ['an Arrow table', Buffer.from('ARROW1\0\0'), /is a table in Arrow format, not text/],
    ['Latin-1', Buffer.concat([Buffer.from(text), Buffer.of(0xe9)]), /is not UTF-8/],
  ])('is refused when it is %s', async (__, bytes, message) => {
    const failure = await failureOf(readAfter(opening, contentIn(bytes)))
    expect(failure.message).toMatch(message)
  })
})

describe('line ends of Windows', () => {
  const templates = texts.filter(([, {name}]) => /^t\.|\.jinja$/.test(name))

  it.each(templates)('are line feeds in %s', async (_, opening) => {
    const windows = opening.text!.replaceAll('\n', '\r\n')
    expect(windows).not.toBe(opening.text)
    expect(await readAfter(opening, contentIn(windows))).toEqual(await readAfter(opening, contentIn(opening.text!)))
  })

  it('are line feeds in a template within JSON, as Jinja has it', async () => {
    const opening = openings['chat_template.json']
    const source = JSON.stringify({chat_template: chat.replaceAll('\n', '\r\n')})
    expect(await readAfter(opening, contentIn(source))).toEqual(await readAfter(opening, contentIn(opening.text!)))
  })

  it('stay in a text: its bytes are the data', async () => {
    expect(await readAfter(openings['a text'], contentIn('a\r\nb\rc\n'))).toEqual(['a\r\nb\rc\n'])
  })
})

describe('half a surrogate pair', () => {
  it('is refused in completions, templates and tokenizers', async () => {
    const half = '\\ud83d'
    const opened = (name: string, text: string) => readAfter(openings[name], contentIn(text))
    await expect(opened('completions', `{"prompt":"a${half}","completion":"b"}`)).rejects.toThrow(/:1: prompt has half/)
    await expect(opened('completions', `{"prompt":"a","completion":"${half}"}`)).rejects.toThrow(/:1: completion has/)
    await expect(opened('chat_template.json', `{"chat_template":"${half}"}`)).rejects.toThrow(/chat template has half/)
    const json = JSON.stringify(byteLevel()).replace('"vocab":{', `"vocab":{"${half}":2000,`)
    await expect(opened('tokenizer.json', json)).rejects.toThrow(/token "\\ud83d" has half a surrogate pair/)
    expect(() => checkTemplate(tokenizer, {...prompt, template: '\ud83d{context}'}, 99)).toThrow(/prompt\.template has/)
  })
})

describe('lines of JSON', () => {
  const rowsOf = (text: string | Uint8Array) => readAfter(openings['documents in JSONL'], contentIn(text))

  it('may hold NaN and Infinity beside the text, as Python writes them', async () => {
    expect(
      await rowsOf('{"text":"a","score":NaN,"x":[-Infinity,Infinity]}\n{"n":NaN,"text":"NaN, \\"-Infinity, "}'),
    ).toEqual(['a', 'NaN, "-Infinity, '])
    const opening = openings.completions
    const plain = await readAfter(opening, contentIn(opening.text!))
    expect(await readAfter(opening, contentIn('{"score":NaN,"prompt":"a","completion":"b"}'))).toEqual(plain)
  })

  it('are no JSON for all that', async () => {
    await expect(rowsOf('{"text":NaN}')).rejects.toThrow(/:1: field text is null; expected a text/)
    await expect(rowsOf('{"text":"a","score":nan}')).rejects.toThrow(/:1 is not JSON: Unexpected token/)
    await expect(rowsOf('{"text":"a","score":NaN')).rejects.toThrow(/:1 is not JSON/)
    await expect(rowsOf('{"text":"a","score":xNaN}')).rejects.toThrow(/:1 is not JSON/)
  })

  it('may begin with a byte order mark each, where files were joined; elsewhere it is named', async () => {
    expect(await rowsOf('\ufeff{"text":"a"}\n\ufeff{"text":"\ufeffb"}\n\ufeff\n')).toEqual(['a', '\ufeffb'])
    await expect(rowsOf('{"text":\ufeff"b"}')).rejects.toThrow(/not JSON: Unexpected token '<U\+FEFF byte order mark>'/)
  })
})

it('NaN in a file of a model is named', async () => {
  const config = JSON.stringify({...model, rms_norm_eps: 'x'}).replace('"x"', 'NaN')
  await expect(readAfter(openings['config.json'], contentIn(config))).rejects.toThrow(
    /config\.json is not JSON \(it holds NaN, which JSON does not have: /,
  )
})

it('a pointer within a compressed file, and in place of one, is named', async () => {
  const opening = {...openings['documents in JSONL'], name: 'a.jsonl.gz'}
  for (const bytes of [gzipSync(pointer), Buffer.from(pointer)])
    await expect(readAfter(opening, contentIn(bytes))).rejects.toThrow(/a\.jsonl\.gz is a Git LFS pointer/)
  expect(await readAfter(opening, contentIn(gzipSync(`\ufeff${row}`)))).toEqual(['the tin'])
})

it('a text of nothing but a byte order mark is empty, one of spaces is not', async () => {
  expect(await readAfter(openings['a text'], contentIn(' \n'))).toEqual([' \n'])
  await expect(readAfter(openings['a text'], contentIn('\ufeff'))).rejects.toThrow(/a\.txt is empty; expected a text/)
})
