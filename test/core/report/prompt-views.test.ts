import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {openPrepared} from '../../../src/core/prepared/prepared.js'
import {renderPrompt} from '../../../src/core/prompts/prompts.js'
import {highestRows} from '../../../src/core/report/choose-rows.js'
import {inspect} from '../../../src/core/report/inspect.js'
import type {DataInspection} from '../../../src/core/report/inspection.js'
import {openPromptViews} from '../../../src/core/report/prompt-views.js'
import {renderInspect} from '../../../src/core/report/render-inspect.js'
import {UsageError} from '../../../src/core/util/errors.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

let toy: ToyWorkspace
beforeAll(async () => {
  toy = await toyWorkspace(8)
})

const look = async (changes: readonly string[], options: object = {}) => {
  const config = toyConfig(toy, 'out', changes)
  return (await inspect(toy.data, options, () => openPromptViews(toy.data, config, toyServices()))) as DataInspection
}

describe('prompts of positions', () => {
  it('are those of rollouts, with their sizes', async () => {
    const found = await look(['prompt.template=on: {context}.\n!'])
    const {tokenizer, documents} = await openPrepared(toy.data)
    for (const {doc_id, position, prompt} of found.rows) {
      const context = {
        key: {source: doc_id, index: position},
        tokenIds: documents.get(doc_id).tokenIds.subarray(0, position),
      }
      const {ids} = renderPrompt(tokenizer, 'on: {context}.\n!', context, 4096)
      expect(prompt).toMatchObject({text: tokenizer.decode(ids), tokens: ids.length, cut_tokens: 0})
      expect(prompt!.context_tokens + prompt!.instruction_tokens).toBe(ids.length)
      expect(prompt!.context_tokens).toBe(position - 1)
    }
    expect(found.prompts).toMatch(/^template sha256:\w+, \d+ tokens besides the context$/)
  })

  it('tell what a context lost, and stand line by line behind a bar', async () => {
    const one = {doc: (await look([])).rows[0].doc_id, position: 4}
    const found = await look(['prompt.template=a\n{context}<think>', 'prompt.maxTokens=6'], one)
    const lost = found.rows[0].prompt!.cut_tokens
    expect(lost).toBeGreaterThan(0)
    const lines = renderInspect(found)
    const at = lines.findIndex((line) => line.startsWith('  prompt   6 tokens: '))
    expect(lines[at]).toMatch(new RegExp(` of the context, which lost ${lost} from the left$`))
    expect(lines.slice(at + 1)).toEqual(['  | <bos>a', expect.stringMatching(/^ {2}\| .*<think>$/)])
    expect(lines).toContain(`  prompts: ${found.prompts}`)
  })

  it('are there of prepared data alone, and so is sorting', async () => {
    const path = join(toy.folder, 'nothing')
    await expect(inspect(path, {sort: 'entropy'})).rejects.toThrow(/does not exist/)
    const asked = inspect(toy.base, {}, async () => null)
    await expect(asked).rejects.toThrow(UsageError)
    await expect(inspect(toy.base, {sort: 'entropy'})).rejects.toThrow(/--sort selects positions/)
  })
})

it('positions are sorted by entropy, the highest first', async () => {
  const all = (await inspect(toy.data, {rows: 1000})) as DataInspection
  const entropies = all.rows.map(({entropy}) => entropy).sort((a, b) => b - a)
  const found = (await inspect(toy.data, {rows: 5, sort: 'entropy'})) as DataInspection
  expect(found.rows.map(({entropy}) => entropy)).toEqual(entropies.slice(0, 5))
  expect(found.rows[0].prompt).toBeUndefined()
})

it('of equal rows the first ones are the highest', () => {
  const rows = [3, 1, 3, 2, 5].map((size, index) => ({size, index}))
  const indices = (count: number) => highestRows(rows, ({size}) => size, count).map(({index}) => index)
  expect([indices(2), indices(3), indices(9), indices(0)]).toEqual([[4, 0], [4, 0, 2], [4, 0, 2, 3, 1], []])
})
