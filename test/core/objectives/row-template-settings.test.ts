import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {withRowTemplate} from '../../../src/core/objectives/rows/row-template-settings.js'
import {temporaryFolder} from '../../support/tiny-engine.js'

const bare = {template: 'bare', chatTemplate: 'none'} as const
const text = 'Go on: {context}<think>'

/** What is recorded of rows that fit these templates, and what is said. */
function recorded(found: Parameters<typeof withRowTemplate>[1], ...sets: string[]) {
  const said = {log: [] as string[], warn: [] as string[]}
  const given = loadConfig({sets: ['train.objective=sft', 'sft.completions=rows.jsonl', ...sets], cwd: '/'})
  const {config, sources} = withRowTemplate(given, found, {
    log: (line) => said.log.push(line),
    warn: (line) => said.warn.push(line),
  })
  return {...config.sft, source: sources.get('sft.template'), ...said}
}

function fileOf(content: string): string {
  const file = join(temporaryFolder(), 'template.txt')
  writeFileSync(file, content)
  return file
}

describe('the template that an sft run is recorded with', () => {
  it('is the one found in its rows, which is said', () => {
    expect(recorded([bare])).toMatchObject({
      ...bare,
      source: expect.stringMatching(/^rows of .*rows\.jsonl$/),
      warn: [],
    })
    expect(recorded([bare]).log).toEqual([
      expect.stringMatching(/rows\.jsonl are in template bare; evaluations use it$/),
    ])
    const own = recorded([{template: text, chatTemplate: 'auto'}], `prompt.template="${text}"`)
    expect(own.log).toEqual([
      expect.stringMatching(/in template "Go on: .*<think>", within the chat template; evaluations use it$/),
    ])
  })

  it('is not the one of the prompts where only another fits the rows, which is warned of', () => {
    const {template, log, warn} = recorded([bare], 'prompt.template=v1')
    expect([template, log]).toEqual(['bare', []])
    expect(warn).toEqual([
      expect.stringMatching(/template bare; evaluations of the run use it, those while it trains prompt\.template$/),
    ])
  })

  it('is the one of the prompts where none is found, by name or by file', () => {
    expect(recorded([], 'prompt.template=v1')).toMatchObject({template: 'v1', source: 'prompt.template', warn: []})
    const file = fileOf(`${text}\n`)
    const byFile = recorded([], `prompt.templateFile=${file}`)
    expect(byFile).toMatchObject({template: text, source: 'prompt.templateFile', warn: []})
  })

  it('is unknown where none is found or given, which is warned of', () => {
    const {template, warn} = recorded([])
    expect(template).toBeUndefined()
    expect(warn).toEqual([expect.stringMatching(/fit no built-in template/)])
  })
})
