import {describe, expect, it} from 'vitest'
import {parse} from 'yaml'
import {codeBlock, markdownTable, plainText} from '../../../src/core/push/card/markdown.js'
import {frontMatter, readCard} from '../../../src/core/push/card/metadata.js'
import {settingsYaml} from '../../../src/core/push/card/settings.js'
import {DataError} from '../../../src/core/util/errors.js'

describe('Markdown', () => {
  it('has no markup from names', () => {
    expect(plainText('a|b\r\n\t<script> *x* `y` [l](http://x) [1, 2]')).toBe(
      'a\\|b \\<script\\> \\*x\\* \\`y\\` [l\\](http://x) [1, 2]',
    )
  })

  it('has tables with details, bold where an interval excludes 0 and where a row is meant', () => {
    const rows = [
      [{text: 'a'}, {text: '1.0', detail: '[0.5, 1.5]', tone: 'above'}],
      [{text: 'b'}, {text: '2.0', tone: 'muted'}],
      [{text: 'c'}, {text: '-1.0', tone: 'below'}],
    ] as const
    expect(markdownTable({title: 'T', columns: ['x', 'y'], rows, note: 'N'}, (row) => row === 1)).toBe(
      '**T**\n\n| x | y |\n| --- | --- |\n| a | **1.0 [0.5, 1.5]** |\n| **b** | 2.0 |\n| c | **-1.0** |\n\nN',
    )
  })

  it('has blocks of code that their text cannot end', () => {
    expect(codeBlock('', 'a\n```\nb')).toBe('````\na\n```\nb\n````')
    expect(codeBlock('sh', 'a')).toBe('```sh\na\n```')
  })
})

describe('the fields at the top of a card', () => {
  it('are YAML between marks, and come apart again', () => {
    const text = `${frontMatter({license: 'mit', tags: ['a: b']})}\n# Title\n`
    expect(text).toMatch(/^---\nlicense: mit\n/)
    expect(readCard(text, 'there')).toEqual({license: {license: 'mit'}, body: '# Title'})
  })

  it.each([
    ['# only text\n', {license: {}, body: '# only text'}],
    [
      '---\nlicense: other\nlicense_name: x\ntags: [a]\n---\n',
      {license: {license: 'other', license_name: 'x'}, body: ''},
    ],
    ['---\r\nlicense: mit\r\n---\r\ntext', {license: {license: 'mit'}, body: 'text'}],
    ['\uFEFF---\nlicense: mit\n---\ntext', {license: {license: 'mit'}, body: 'text'}],
    ['--- \nlicense: mit\n---\t\ntext', {license: {license: 'mit'}, body: 'text'}],
    ['---\n---\n', {license: {}, body: ''}],
    ['', {license: {}, body: ''}],
  ])('of %j', (text, expected) => {
    expect(readCard(text, 'there')).toEqual(expected)
  })

  it('that are not YAML are an error that says where', () => {
    expect(() => readCard('---\na: [\n---\n', 'https://hub/README.md')).toThrow(DataError)
    expect(() => readCard('---\na: [\n---\n', 'https://hub/README.md')).toThrow('https://hub/README.md')
  })
})

it('settings are shown where they are not the defaults, and never a place on a machine', () => {
  const settings = {
    seed: 0,
    'data.dir': '/home/me/data',
    'data.separator': '\n',
    'grpo.groupSize': 4,
    'grpo.clipEpsilon': 0.2,
    'eval.models': ['/home/me/run'],
  }
  const text = settingsYaml(settings, ['seed'])
  expect(parse(text)).toEqual({seed: 0, data: {separator: '\n'}, grpo: {groupSize: 4}})
  expect(text).toContain('separator: "\\n"')
})
