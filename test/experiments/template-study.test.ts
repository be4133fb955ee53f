import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {readResult} from '../../experiments/result-table.js'
import {
  argMax,
  begunBox,
  controlRows,
  isOfControl,
  resultRows,
  rowName,
  type Sampled,
} from '../../experiments/template-study/measure.js'
import {tablesOf} from '../../experiments/template-study/render.js'
import {
  chatTemplateOf,
  studied,
  templateOf,
  type Variant,
  type VariantSettings,
  variantNames,
  variants,
} from '../../experiments/template-study/study.js'
import {placeholder} from '../../src/core/prompts/templates.js'
import {renderChat} from '../../src/core/tokenizer/chat-template.js'

/** Eight samples of each text list, of one position and document each; right is ` 4`. */
const samplesOf = (texts: readonly (readonly string[])[]): Sampled[] =>
  texts.flatMap((own, document) =>
    own.map((text) => ({
      doc_id: `a.jsonl:${document}`,
      position: 3,
      item: `a.jsonl:${document}@3`,
      cluster: `a.jsonl:${document}`,
      correct: text.endsWith('</think>\\boxed{ 4}'),
      completion_text: text,
    })),
  )
const isRight = (_: Sampled, box: Uint8Array) => Buffer.from(box).toString() === ' 4'
const eight = (...texts: string[]) => Array.from({length: 8}, (_, i) => texts[i] ?? 'nothing')

describe('the template study', () => {
  const samples = samplesOf([
    eight('so</think>\\boxed{ 4}', 'so</think>\\boxed{4}', 'early \\boxed{ 4}, no end'),
    eight('\\boxed{ 4} then </think> none', '\\boxed{ 4', '\\boxed{ 5}\\boxed{ 4}'),
    eight(),
    eight(),
  ])
  const rowOf = (rows: ReturnType<typeof resultRows>, metric: string) => rows.find((row) => row.metric === metric)

  it('grades as the paper does, and by the last box wherever it stands', () => {
    const rows = resultRows(studied[0], 'asked', samples, isRight)
    const values = Object.fromEntries(rows.map(({metric, value}) => [metric, value]))
    expect(values).toEqual({
      'random@1': 1 / 32,
      'pass@8': 1 / 4,
      ended: 3 / 32,
      'random@1, box': 4 / 32,
      'pass@8, box': 2 / 4,
      boxed: 5 / 32,
    })
    expect(rows.every(({row}) => row === 'v0')).toBe(true)
    expect(rowOf(rows, 'random@1')).toMatchObject({paper: 0.03, count: 32})
    expect(rowOf(rows, 'pass@8')).toMatchObject({paper: 0.085, count: 4, ci_low: 0})
    expect(rowOf(resultRows(studied[0], 'told', samples, isRight), 'random@1')!.paper).toBeNull()
  })

  it('takes a begun box up to the brace that closes it', () => {
    const text = (box: string) => begunBox(Buffer.from(box))?.toString() ?? null
    expect([' 4} is', '{a}b}c}', '}', 'no end', '{'].map(text)).toEqual([' 4', '{a}b', '', null, null])
    const begun = resultRows(studied[6], 'begun', samplesOf([eight(' 4}', '4}', ' 4'), eight()]), isRight)
    expect(begun.map(({metric, value}) => [metric, value])).toEqual([
      ['random@1, box', 1 / 16],
      ['pass@8, box', 1 / 2],
      ['boxed', 2 / 16],
    ])
  })

  it('counts what is right, and what is boxed at all, behind each thought that computes nothing', () => {
    const answers: Record<string, string[]> = {
      'forced-thought': [
        '<think> the next word is probably</think>\\boxed{ 4}',
        '<think> the next word is probably</think>no',
      ],
      'empty-thought': ['<think></think>\\boxed{ 5}', '<think></think>\\boxed{ 5} or \\boxed{ 4}'],
    }
    const rows = controlRows(studied[0], 'told', ({mode}) => samplesOf(answers[mode].map((text) => [text])), isRight)
    expect(rows.map(({row, metric, value, count}) => [row, metric, value, count])).toEqual([
      ['v0, told how a thought ends', 'accuracy, idle thought', 1 / 2, 2],
      ['v0, told how a thought ends', 'boxed, idle thought forced', 1 / 2, 2],
      ['v0, told how a thought ends', 'right box, idle thought forced', 1 / 2, 2],
      ['v0, told how a thought ends', 'accuracy, empty thought', 0, 2],
      ['v0, told how a thought ends', 'boxed, empty thought forced', 1, 2],
      ['v0, told how a thought ends', 'right box, empty thought forced', 1 / 2, 2],
    ])
    expect(rows.every(isOfControl)).toBe(true)
    expect(resultRows(studied[0], 'told', samples, isRight).some(isOfControl)).toBe(false)
  })

  it('has no control of the way that begins with an empty thought', () => {
    expect(variants.begun.opening).toContain('<think>\n</think>')
    expect(controlRows(studied[0], 'begun', () => [], isRight)).toEqual([])
  })

  it('publishes the controls of every template on the positions of its other rows', () => {
    const published = readResult(join(import.meta.dirname, '..', '..', 'experiments', 'template-study', 'result.arrow'))
    const {count} = published.find(({row}) => row === argMax)!
    const counts = published.filter(isOfControl).map((row) => row.count)
    // Two ways with a thought, two controls, three numbers of each.
    expect(counts).toEqual(Array(2 * studied.length * 2 * 3).fill(count))
  })

  it('puts each template in the ways that it names', () => {
    for (const {name} of studied) {
      expect(templateOf(name, variants.asked)).toBeNull()
      const told = templateOf(name, variants.told)!
      expect(told.split(placeholder)).toHaveLength(2)
      expect(told).toContain('</think>')
    }
    const source = "{% for m in messages %}[{{ m['content'] }}]{% endfor %}{% if add_generation_prompt %}A:{% endif %}"
    const openingOf = (variant: Variant) => (variants[variant] as VariantSettings).opening
    const turnOf = (variant: Variant, own: string | null) =>
      renderChat(
        {file: 'x.jinja', source: chatTemplateOf(own, openingOf(variant))!, tokens: {}},
        {before: 'Text: ', after: '!'},
      ).after
    expect(chatTemplateOf(source, openingOf('asked'))).toBeNull()
    expect(turnOf('told', source)).toBe('!]A:<think>\n')
    expect(turnOf('begun', source)).toBe('!]A:<think>\n</think>\n\n\\boxed{')
    expect(turnOf('told', null)).toBe('!\n<think>\n')
  })

  it('shows our numbers beside those of the paper', () => {
    const row = {
      split: 'all',
      paper: null,
      seed: 0,
      row: argMax,
      metric: 'accuracy',
      count: 4,
      ci_low: null,
      ci_high: null,
    }
    const rows = [
      {...row, value: 0.5},
      ...variantNames.flatMap((variant) => studied.flatMap((one) => resultRows(one, variant, samples, isRight))),
      ...variantNames.flatMap((variant) => studied.flatMap((one) => controlRows(one, variant, () => samples, isRight))),
    ]
    const {paper, samples: shown, controls: controlled} = tablesOf(rows)
    expect(controlled.match(/^\| .*, % \| .*$/gm)).toEqual(
      [variants.asked, variants.told].map(
        ({title}) =>
          `| ${title}, % | idle thought forced | has a box | right box | empty thought forced | has a box | right box |`,
      ),
    )
    expect(controlled).toContain('| v6 | 3.1 [0.0, 9.4] | 15.6 [0.0, 31.3] | 12.5 [0.0, 25.0] |')
    const uncontrolled = rows.filter(({metric}) => metric !== 'accuracy, empty thought')
    expect(() => tablesOf(uncontrolled)).toThrow('result.arrow has no accuracy, empty thought of v0')
    expect(paper).toMatch(/^\| v6 \| 6\.0 \| 3\.1 \[0\.0, 9\.4\] \| 19\.0 \| 25\.0 \[0\.0, 75\.0\] \|$/m)
    expect(paper).toMatch(/^\| arg max without a thought \| - \| 50\.0 \| - \| - \|$/m)
    for (const variant of variantNames) expect(shown).toContain(`| ${variants[variant].title}, % |`)
    const asked = rows.filter((one) => !studied.some(({name}) => one.row === rowName(name, 'told')))
    expect(tablesOf(asked).samples).not.toContain(variants.told.title)
    expect(() => tablesOf(rows.filter(({metric}) => metric !== 'pass@8'))).toThrow('result.arrow has no pass@8 of v0')
  })
})
