import {describe, expect, it} from 'vitest'
import {argMax, begunBox, resultRows, rowName, type Sampled} from '../../experiments/template-study/measure.js'
import {tablesOf} from '../../experiments/template-study/render.js'
import {chatTemplateOf, studied, templateOf, variantNames, variants} from '../../experiments/template-study/study.js'
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

  it('puts each template in the ways that it names', () => {
    for (const {name} of studied) {
      expect(templateOf(name, variants.asked)).toBeNull()
      const told = templateOf(name, variants.told)!
      expect(told.split(placeholder)).toHaveLength(2)
      expect(told).toContain('</think>')
    }
    const source = "{% for m in messages %}[{{ m['content'] }}]{% endfor %}{% if add_generation_prompt %}A:{% endif %}"
    const turnOf = (variant: keyof typeof variants, own: string | null) =>
      renderChat(
        {file: 'x.jinja', source: chatTemplateOf(own, variants[variant])!, tokens: {}},
        {before: 'Text: ', after: '!'},
      ).after
    expect(chatTemplateOf(source, variants.asked)).toBeNull()
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
    ]
    const {paper, samples: shown} = tablesOf(rows)
    expect(paper).toMatch(/^\| v6 \| 6\.0 \| 3\.1 \[0\.0, 9\.4\] \| 19\.0 \| 25\.0 \[0\.0, 75\.0\] \|$/m)
    expect(paper).toMatch(/^\| arg max without a thought \| - \| 50\.0 \| - \| - \|$/m)
    for (const variant of variantNames) expect(shown).toContain(`| ${variants[variant].title}, % |`)
    const asked = rows.filter((one) => !studied.some(({name}) => one.row === rowName(name, 'told')))
    expect(tablesOf(asked).samples).not.toContain(variants.told.title)
    expect(() => tablesOf(rows.filter(({metric}) => metric !== 'pass@8'))).toThrow('result.arrow has no pass@8 of v0')
  })
})
