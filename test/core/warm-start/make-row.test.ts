import {mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {thoughtStyles} from '../../../src/core/config/names.js'
import {type Config, configSchema} from '../../../src/core/config/schema.js'
import {readCompletions} from '../../../src/core/corpus/completions.js'
import {KeptPositions} from '../../../src/core/prepared/kept-positions.js'
import type {PreparedData} from '../../../src/core/prepared/prepared.js'
import type {Context} from '../../../src/core/records/records.js'
import {nextTokenTask} from '../../../src/core/tasks/next-token.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {factsOf} from '../../../src/core/warm-start/facts.js'
import {
  type MadeRow,
  makeRow,
  type Obstacle,
  type RowMaker,
  type WarmRow,
} from '../../../src/core/warm-start/make-row.js'
import {rewardOf} from '../../support/reward-of.js'
import {byteLevel, byteLevelConfig, writeTokenizer} from '../tokenizer/sample-tokenizers.js'

/** What is hard to box or to read again: braces, quotes, backslashes, tags, boxes, several bytes a character, white space. */
const text = ' size and {a} "b" \\frac \\boxed{x} </think> <think>\n\n é \u6f22 decreases\t size, {b'
const chat =
  "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}<eos>\n{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}"

let thinking: Tokenizer
let plain: Tokenizer
let chatting: Tokenizer
beforeAll(async () => {
  thinking = await loadTokenizer(writeTokenizer(byteLevel(), byteLevelConfig))
  const json = byteLevel()
  const added_tokens = json.added_tokens.filter(({content}) => !/think/.test(content))
  plain = await loadTokenizer(writeTokenizer({...json, added_tokens}, byteLevelConfig))
  const config = {...byteLevelConfig, add_bos_token: false, chat_template: chat}
  chatting = await loadTokenizer(writeTokenizer({...json, added_tokens}, config))
})

function maker(
  tokenizer: Tokenizer,
  template: string,
  changes: object = {},
  document = text,
): RowMaker & {contexts: Context[]} {
  const settings = {prompt: {template, maxTokens: 1000}, rollout: {maxTokens: 400}, ...changes}
  const config: Config = configSchema.parse(settings)
  const start = tokenizer.startId === null ? [] : [tokenizer.startId]
  const tokenIds = Int32Array.from([...start, ...tokenizer.encodeText(document)])
  const trainPositions = new KeptPositions()
  for (let position = Math.max(1, start.length); position < tokenIds.length; position++)
    trainPositions.push({docId: 'a:1', position, difficulty: 'hard', entropy: 2})
  const documents = {get: () => ({docId: 'a:1', partition: 'train', tokenIds})}
  const data = {folder: '', tokenizer, documents, trainPositions, heldOutPositions: new KeptPositions(), manifest: {}}
  const model = {maxPositions: 2000}
  const task = nextTokenTask({config, data: data as unknown as PreparedData, model: model as never})
  const contexts = Array.from(trainPositions, (_, index) => task.itemAt('train', index))
  return {config, task, tokenizer, model, contexts}
}

const isObstacle = (made: MadeRow): made is Obstacle => typeof made === 'string'

/** The row of every position as objective sft reads it, with its context; and the obstacles. */
async function rowsOf(own: ReturnType<typeof maker>) {
  const made = own.contexts.map((context) => makeRow(own, context, {entropy: 1.2, top1Id: 97}))
  const rows = made.flatMap((one, i) => (isObstacle(one) ? [] : [{...one, context: own.contexts[i]}]))
  const file = join(mkdtempSync(join(tmpdir(), 'rpt-rows-')), 'rows.jsonl')
  writeFileSync(file, rows.map(({row}) => `${JSON.stringify(row)}\n`).join(''))
  const read = await readCompletions(file, {tokenizer: own.tokenizer, chatTemplate: null, maxTokens: 2000})
  const obstacles = made.flatMap((one, i) => (isObstacle(one) ? [`${own.contexts[i].position} ${one}`] : []))
  return {rows: rows.map((one, i) => ({...one, read: read[i]})), obstacles}
}

describe('a row', () => {
  it.each(thoughtStyles.flatMap((style) => ['auto', 'bare', 'tagged', 'v4'].map((template) => ({style, template}))))(
    'of style $style in template $template has the tokens of the rollout and the reward 1',
    async ({style, template}) => {
      for (const tokenizer of [thinking, plain, chatting]) {
        const own = maker(tokenizer, template, {warmStart: {styles: [style]}})
        const {rows} = await rowsOf(own)
        expect(rows.length).toBeGreaterThan(30)
        for (const {row, read, context, tokens} of rows) {
          const prompt = own.task.promptOf(context, 1000).ids
          expect(read.ids.length).toBe(tokens)
          expect(read.ids.subarray(0, read.trainedFrom)).toEqual(prompt)
          const ids = read.ids.subarray(read.trainedFrom)
          expect(ids.at(-1)).toBe(tokenizer.endIds[0])
          const completion = {ids, oldLogprobs: new Float32Array(), stopReason: 'end-of-text'} as const
          expect(rewardOf('prefix-match', tokenizer, context, completion)).toMatchObject({outcome: 'parsed', total: 1})
          expect(row.style).toBe(style)
        }
      }
    },
  )

  it('is not made of positions that no text can hold, and of few others', async () => {
    const own = maker(plain, 'auto')
    const {rows, obstacles} = await rowsOf(own)
    const at = (character: string) => 1 + plain.encodeText(text.slice(0, text.indexOf(character))).length
    // Inside of a character nothing is text; a brace that only closes, or opens alone at the end, fits into no box.
    const [accent, kanji, brace] = [at('é'), at('\u6f22'), plain.encodeText(text).length - 1]
    const expected = [accent + 1, kanji + 1, kanji + 2, brace].map((position) => `${position} no-text`)
    expect(obstacles).toEqual(expect.arrayContaining(expected))
    expect(obstacles.length).toBeLessThan(10)
    expect(rows.length + obstacles.length).toBe(own.contexts.length)
  })

  it('says of words alone that they stand in the text before', () => {
    const context = {truth: Buffer.from(' '), boundaries: Int32Array.of(1)} as unknown as Context
    const repeats = (answer: string) =>
      factsOf(context, answer, plain.encodeText('a lamp is on'), {entropy: 1, top1Id: 97}, plain).isRepeated
    expect([' lamp', ' off', ' ', '\n'].map(repeats)).toEqual([true, false, false, false])
  })

  it('says nothing of a token that the prompt has lost', async () => {
    const document = 'Q abcabcabc abcabcabc Q!'
    const completionWith = async (room: number) => {
      // The start token and the end of the prompt take two.
      const changes = {prompt: {template: 'bare', maxTokens: room + 2}, warmStart: {styles: ['recall']}}
      const {rows} = await rowsOf(maker(thinking, 'bare', changes, document))
      return rows.find(({context}) => Buffer.from(context.truth).toString() === 'Q!')!.row.completion
    }
    const length = thinking.encodeText('Q abcabcabc abcabcabc ').length
    expect(await completionWith(length)).toContain('stands in the text before')
    expect(await completionWith(length - 1)).toContain('is new in this text')
  })

  it('opens the thought itself unless the prompt has done so', async () => {
    const first = async (tokenizer: Tokenizer, template: string) =>
      (await rowsOf(maker(tokenizer, template))).rows[0].row.completion
    expect(await first(plain, 'tagged')).toMatch(/^<think>\n/)
    expect(await first(plain, 'auto')).not.toContain('<think>')
    expect(await first(thinking, 'bare')).not.toContain('<think>')
  })

  it('is not made where it would be too long', async () => {
    for (const changes of [{rollout: {maxTokens: 5}}, {train: {maxRowTokens: 60}}]) {
      const own = maker(plain, 'auto', changes)
      const made = own.contexts.map((context) => makeRow(own, context, {entropy: 1, top1Id: 97}))
      expect(new Set(made)).toContain('too-long')
      expect(made.every(isObstacle)).toBe(true)
    }
  })

  it('may be as long as a rollout, to the last token', async () => {
    const [{read}] = (await rowsOf(maker(plain, 'auto'))).rows
    const length = read.ids.length - read.trainedFrom
    const madeWithin = (maxTokens: number) => {
      const own = maker(plain, 'auto', {rollout: {maxTokens}})
      return makeRow(own, own.contexts[0], {entropy: 1.2, top1Id: 97})
    }
    expect(isObstacle(madeWithin(length))).toBe(false)
    expect(madeWithin(length - 1)).toBe('too-long')
  })

  it('has a style that its seed and its position draw', async () => {
    const stylesOf = async (changes: object) =>
      (await rowsOf(maker(plain, 'auto', changes))).rows.map(({row}: {row: WarmRow}) => row.style)
    const drawn = await stylesOf({})
    expect(new Set(drawn)).toEqual(new Set(thoughtStyles))
    expect(await stylesOf({})).toEqual(drawn)
    expect(await stylesOf({seed: 1})).not.toEqual(drawn)
  })
})
