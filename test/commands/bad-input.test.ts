import {cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type Fault, faultMessages, writeBrokenCheckpoints} from '../support/broken-checkpoints.js'
import {rpt} from './rpt.js'
import {RptLines} from './rpt-lines.js'
import {base, common, evaluate, expectOneLine, line, prepare, root, tiny, train} from './tiny-lines.js'

let cwd: string

const point =
  'threads: 1\ndata: {dir: data}\nprompt: {template: bare}\ntrain: {steps: 2}\nrollout: {maxTokens: 8}\ngrpo: {groupSize: 2, contextsPerStep: 2}\n'

const sweep = (...more: string[]) => line('scaling-sweep', [['--set', 'sweep.train=point.yaml'], ...common], more)
const warmStart = (out: string) => ['warm-start', '--data', 'data', '--model', base, '--rows', '4', '--out', out]
const sft = (file: string) =>
  train('--objective', 'sft', '--set', `sft.completions=${file}`, '--set', 'train.maxRowTokens=64')

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'rpt-bad-input-'))
  const lines = readFileSync(join(tiny, 'corpus.jsonl'), 'utf8').split('\n').slice(0, 60)
  const files: Record<string, string> = {
    'corpus.jsonl': lines.join('\n'),
    'malformed.jsonl': [...lines.slice(0, 4), '{"text": "bro', ...lines.slice(4)].join('\n'),
    'empty-text.jsonl': `${lines[0]}\n{"text": ""}\n`,
    'empty.jsonl': '',
    'typo.yaml': 'train:\n  stesp: 3\n',
    'bad.yaml': 'train: [\n',
    'terms.yaml': 'reward:\n  terms: [{name: prefix-match, wieght: 2}]\n',
    'types.yaml': 'grpo:\n  miniBatches: many\n',
    'point.yaml': `${point}model: {path: ${JSON.stringify(base)}}\n`,
    'pairs.jsonl': '{"prompt": "a", "completion": "b"}\n',
    'pairs-field.jsonl': '{"prompt": "a", "completion": "b"}\n{"prompt": "a"}\n',
    'pairs-long.jsonl': `{"prompt": "a", "completion": "b"}\n{"prompt": "a", "completion": "${'word '.repeat(200)}"}\n`,
    'pairs-broken.jsonl': '{"prompt": "a", "completion": "b"}\n\n{oops\n',
    'a-file': 'x',
    'endless.jinja': '{% for i in range(10 ** 12) %}{% for j in range(10 ** 12) %}{{ j }}{% endfor %}{% endfor %}',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text)
  const parquet = readFileSync(join(root, 'test', 'core', 'corpus', 'fixtures', 'codec-snappy.parquet'))
  writeFileSync(join(cwd, 'half.parquet'), parquet.subarray(0, parquet.length / 2))
  mkdirSync(join(cwd, 'nothing'))
  cpSync(base, join(cwd, 'twin', 'base'), {recursive: true})
  mkdirSync(join(cwd, 'foreign'))
  writeFileSync(join(cwd, 'foreign', 'thesis.txt'), 'irreplaceable')
  writeBrokenCheckpoints(base, join(cwd, 'models'), faults)
  const prepared = await rpt(
    prepare('corpus.jsonl').map((word) => (word === 'out' ? 'data' : word)),
    cwd,
  )
  expect(prepared.status, prepared.stderr).toBe(0)
  cpSync(join(cwd, 'data'), join(cwd, 'tampered'), {recursive: true})
  const table = readFileSync(join(cwd, 'data', 'positions.arrow'))
  table[table.length >> 1] ^= 1
  writeFileSync(join(cwd, 'tampered', 'positions.arrow'), table)
}, 30_000)

afterAll(() => rmSync(cwd, {recursive: true}))

type Case = readonly [name: string, args: readonly string[], status: number, message: RegExp]

const documents: readonly Case[] = [
  ['a missing file', prepare('none.jsonl'), 3, /none\.jsonl does not exist/],
  ['a malformed row', prepare('malformed.jsonl'), 3, /malformed\.jsonl:5 is not JSON/],
  ['a document without text', prepare('empty-text.jsonl'), 3, /empty-text\.jsonl:2: field text is empty/],
  ['a pattern', prepare('*.jsonl'), 3, /\*\.jsonl does not exist.*patterns are not expanded/s],
  ['a list of files', prepare('corpus.jsonl,pairs.jsonl'), 3, /does not exist.*a list of paths is not read/s],
  ['an address', prepare('https://example.com/a.jsonl'), 3, /does not exist.*download it first: only the Hub/s],
  [
    'shorter than their least context',
    prepare('corpus.jsonl', base, '--set', 'data.minContext=5000'),
    3,
    /none of \d+ positions is left after filtering \(min-context \d+\)\n +try: lower data\.minContext/,
  ],
  ['a Parquet file cut in half', prepare('half.parquet'), 3, /half\.parquet/],
  ['an empty file', prepare('empty.jsonl'), 3, /empty\.jsonl holds no documents/],
  [
    'a Hub data set',
    prepare('hf:some/corpus'),
    3,
    /hf:some\/corpus: HF_HUB_OFFLINE is set.*hf download some\/corpus --repo-type dataset/s,
  ],
  [
    'a Hub proxy',
    prepare('corpus.jsonl', 'some/model'),
    3,
    /some\/model: HF_HUB_OFFLINE is set.*hf download some\/model/s,
  ],
  ['a proxy that is a file', prepare('corpus.jsonl', 'a-file'), 3, /a-file has no checkpoint; it is a file/],
  ['no proxy', ['prepare-data', '--documents', 'corpus.jsonl', '--out', 'out'], 2, /no proxy.*--proxy DIR/s],
  [
    'nothing left after filtering',
    prepare('corpus.jsonl', base, '--set', 'data.selectThreshold=9', '--set', 'data.thresholds=9,9,9'),
    3,
    /none of \d+ positions is left/,
  ],
  [
    "a tokenizer that is not the proxy's",
    prepare('corpus.jsonl', base, '--tokenizer', 'models/other-tokenizer'),
    3,
    /base has another tokenizer than .*other-tokenizer/,
  ],
]

/** Those that the command line is tried with; the engine is tried with all. */
const faults: readonly Fault[] = [
  'truncated',
  'not-a-number',
  'tensor-missing',
  'tensor-extra',
  'lying-offsets',
  'overlapping',
  'dtype-of-integers',
  'header-of-a-gigabyte',
  'header-key-twice',
  'shard-missing',
  'index-traversal',
  'index-key-twice',
  'config-key-twice',
  'config-fewer-layers',
  'no-weights',
  'other-shape',
  'other-family',
  'scaled-rope',
  'small-vocabulary',
  'other-tokenizer',
]
const checkpoints: readonly Case[] = [
  ...faults.map((name): Case => [name, train('--model', `models/${name}`), 3, faultMessages[name]]),
  ['as a proxy, overlapping', prepare('corpus.jsonl', 'models/overlapping'), 3, faultMessages.overlapping],
  ['to evaluate, overlapping', evaluate('models/overlapping'), 3, faultMessages.overlapping],
]

const settings: readonly Case[] = [
  [
    'a key misspelt in a file',
    train('--config', 'typo.yaml'),
    2,
    /train\.stesp \(set by typo\.yaml:2\).*train\.steps/s,
  ],
  ['a file that is not YAML', train('--config', 'bad.yaml'), 2, /bad\.yaml:\d+:\d+ is not valid YAML/],
  ['a value of another type', train('--config', 'types.yaml'), 2, /miniBatches is 'many' \(set by types\.yaml:2\)/],
  ['steps below zero', ['train', '--steps', '-3'], 2, /train\.steps is -3 \(set by --steps\); needs at least 0/],
  ['two models', train('--model-config', 'c.json'), 2, /model\.path and model\.config are both set/],
  [
    'an unknown reward',
    train('--set', 'reward.terms=prefix-mach'),
    2,
    /reward\.terms\.0 is 'prefix-mach'.*prefix-match\?/s,
  ],
  [
    'a key of a term misspelt',
    train('--config', 'terms.yaml'),
    2,
    /reward\.terms\.0 is .* \(set by terms\.yaml:2\); has the unknown key wieght; did you mean weight\?/,
  ],
  ['the key that a reward had', train('--set', 'reward.name=dense'), 2, /unknown key reward\.name.*reward\.terms/s],
  ['an unknown template', train('--set', 'prompt.template=v9'), 2, /prompt\.template is "v9".*v0/s],
  [
    'an unknown template in eval',
    evaluate(base, '--mode', 'reasoning', '--set', 'prompt.template=v9'),
    2,
    /prompt\.template is "v9"/,
  ],
  ['no room beside the template', train('--set', 'prompt.maxTokens=1'), 2, /the template alone takes 2 tokens/],
  ['sft without completions', train('--objective', 'sft'), 2, /sft\.completions is not set/],
  ['an axis misspelt', sweep('--set', 'sweep.axes={grpo.groupsize: [2]}'), 2, /did you mean grpo\.groupSize\?/],
  ['a checkpoint that no point keeps', sweep('--set', 'sweep.checkpoints=[1]'), 2, /no checkpoint of step 1 of 2/],
  ['a sweep that evaluates nothing', sweep(), 2, /there is no checkpoint to evaluate/],
  [
    'a precision that the device lacks',
    train('--set', 'precision=float16'),
    2,
    /precision is float16, which device auto cannot compute; it can compute float32 and float16-rounded.*use --device cuda/s,
  ],
  ['no step to take', train('--steps', '0'), 1, /train\.steps is 0.*--allow-noop/s],
]

const inputs: readonly Case[] = [
  ['data that are not there', train('--data', 'none'), 3, /prepared data .*none does not exist/],
  [
    'a chat template that never ends',
    train('--set', 'prompt.template=v0', '--set', 'prompt.chatTemplateFile=endless.jinja'),
    3,
    /endless\.jinja/,
  ],
  ['a folder that is no data', train('--data', 'nothing'), 3, /nothing is not a folder that rpt prepare-data wrote/],
  [
    'the folder above the data',
    train('--data', '.'),
    3,
    /is not a folder that rpt prepare-data wrote\n.*did you mean .*data\?/,
  ],
  ['data with a byte flipped', train('--data', 'tampered'), 3, /positions\.arrow has changed: its sha256/],
  [
    'a path below a file as a config of a model',
    ['train', '--data', 'data', '--model-config', 'corpus.jsonl/x', '--out', 'out'],
    3,
    /corpus\.jsonl\/x\/config\.json/,
  ],
  ['a Hub model', train('--model', 'some/model'), 3, /some\/model: HF_HUB_OFFLINE is set.*hf download some\/model/s],
  ['a Hub model to evaluate', evaluate('hf:some/model'), 3, /HF_HUB_OFFLINE is set.*hf download some\/model/s],
  ['a run without checkpoints', evaluate('nothing'), 3, /nothing has no checkpoint; found: none/],
  [
    'two models of one name',
    line('eval', [...common, ['--data', 'data']], ['--set', `eval.models=["${base}","twin/base"]`]),
    2,
    /both called base, step 0/,
  ],
  ['a step of what is no run', evaluate(base, '--checkpoint', '7'), 2, /a single checkpoint, not a run directory/],
  ['an sft row without completion', sft('pairs-field.jsonl'), 3, /pairs-field\.jsonl:2: completion/],
  ['an sft row that is too long', sft('pairs-long.jsonl'), 3, /pairs-long\.jsonl:2 has \d+ tokens; .* allow 64/],
  ['an sft row that is not JSON', sft('pairs-broken.jsonl'), 3, /pairs-broken\.jsonl:3 is not JSON/],
  [
    'sft rows in a Parquet file',
    sft('half.parquet'),
    3,
    /reading rows of completions: .*half\.parquet is a \.parquet file/,
  ],
  ['nothing to inspect', ['inspect', 'nothing'], 3, /no positions\.arrow, no rollouts/],
  [
    'a step of positions to inspect',
    ['inspect', 'data', '--step', '3'],
    2,
    /--step selects completions; .*data holds pos/,
  ],
  ['a file to report', ['report', 'corpus.jsonl'], 2, /corpus\.jsonl is a file; expected the folder of a run/],
  [
    'a path below a file to report',
    ['report', 'corpus.jsonl/run'],
    1,
    /corpus\.jsonl\/run.*a part of the path is a file/,
  ],
  ['nothing to report', ['report', 'nothing'], 3, /no run at or below .*nothing/],
]

const places: readonly Case[] = [
  [
    'rows longer than a completion',
    [...warmStart('out.jsonl'), '--set', 'rollout.maxTokens=2', '--set', 'prompt.template=bare'],
    3,
    /training positions for 0 rows.*raise rollout\.maxTokens/s,
  ],
  [
    'rows under a compressed name',
    warmStart('out.jsonl.gz'),
    2,
    /ends in \.gz; rows are written as JSONL.*ends in \.jsonl/s,
  ],
  ['rows under the name of a table', warmStart('out.parquet'), 2, /out\.parquet ends in \.parquet; rows are written/],
  ['a folder below a file, to train', train('--out', 'a-file/run'), 1, /a-file\/run: a part of the path is a file/],
  ['a folder below a file, to prepare', prepare('corpus.jsonl', base, '--out', 'a-file/run'), 1, /is a file/],
  ['a file', train('--out', 'a-file'), 2, /a-file is a file; needs a folder/],
  ['a folder in use', train('--out', 'data'), 2, /data is not empty and no run directory that rpt wrote/],
  ['a folder of other data', prepare('pairs.jsonl', base, '--out', 'data'), 2, /documents changed.*--overwrite/s],
  ["somebody's folder, to overwrite", train('--out', 'foreign', '--overwrite'), 2, /no run directory.*thesis\.txt/],
  [
    "somebody's folder, to prepare in",
    prepare('corpus.jsonl', base, '--out', 'foreign', '--overwrite'),
    2,
    /no prepared data that rpt wrote: it holds thesis\.txt/,
  ],
  ...(existsSync('/proc/self')
    ? [['a place that takes no folders', train('--out', '/proc/rpt/run'), 1, /\/proc\/rpt\/run/] satisfies Case]
    : []),
]

describe('gets one line, the right status and leaves no result:', () => {
  const groups = {documents, checkpoint: checkpoints, setting: settings, input: inputs, output: places}
  const cases = Object.entries(groups).flatMap(([group, rows]) =>
    rows.map(([name, ...rest]) => [`${group}, ${name}`, ...rest] as const),
  )
  const env = () => ({HF_HUB_OFFLINE: '1', HF_HOME: join(cwd, 'hub')})
  let lines: RptLines
  let before: string[]

  beforeAll(() => {
    lines = new RptLines(cwd, env())
    before = readdirSync(cwd, {recursive: true}).map(String).toSorted()
  })

  it.each(cases)('%s', async (name, args, status, message) => {
    const out = `out ${name.replaceAll(/\W+/g, '-')}`
    const finished = await lines.run(args.map((word) => (word === 'out' ? out : word)))
    // What a run would need is said before anything is loaded, and what was kept of positions before it is refused. A slow
    // machine also says how far it is.
    const {status: ended, stdout} = finished
    expect(ended).toBe(status)
    expect(stdout.replaceAll(/.* so far.*\n/g, '')).toMatch(
      /^(prompts.*: .*\n)?(memory: .*\n(update: .*\n)?)?(training positions: .*\n)?$/,
    )
    expectOneLine(finished, message)
    expect(readdirSync(cwd).filter((file) => file.startsWith(out))).toEqual([])
  })

  it.each([
    ['1', ['report', 'corpus.jsonl/run']],
    ['2', train('--config', 'typo.yaml')],
    ['3', prepare('malformed.jsonl')],
  ])('status %s, as from a process of its own', async (status, args) => {
    const alone = await rpt(args, cwd, env())
    expect(String(alone.status)).toBe(status)
    expect(await lines.run(args)).toEqual(alone)
  })

  afterAll(() => {
    lines.end()
    expect(readdirSync(cwd, {recursive: true}).map(String).toSorted()).toEqual(before)
  })
})

it('a failure with --json is one document on stdout', async () => {
  const {status, stdout} = await rpt([...prepare('malformed.jsonl'), '--json'], cwd)
  expect(status).toBe(3)
  expect(JSON.parse(stdout)).toMatchObject({
    error: {name: 'DataError', message: expect.stringContaining(':5 is not JSON'), exit_code: 3},
  })
})
