import {cpSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it, vi} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {LocalEngine} from '../../../src/core/engine/local-engine.js'
import {keptPredictions} from '../../../src/core/report/read-run.js'
import {predictionsTable, readTable} from '../../../src/core/tables/index.js'
import {UsageError} from '../../../src/core/util/errors.js'
import {shownSettings} from '../../support/shown-settings.js'
import {inMode, ToyEvaluations} from './toy-evaluations.js'

// The engine runs in this thread, where its calls can be seen.
vi.mock('../../../src/core/engine/start-engine.js', async () => {
  const {LocalEngine: Engine} = await import('../../../src/core/engine/local-engine.js')
  return {startEngine: () => new Engine({device: 'cpu', threads: 1})}
})

let toy: ToyEvaluations
beforeAll(async () => {
  toy = await ToyEvaluations.make()
})

describe('an evaluation of runs', () => {
  const runAt = (name: string) => join(toy.folder, name)

  it('records and shows what it took over, with its source', async () => {
    await toy.trained('rpt', ['reward.maxReferenceTokens=7', 'prompt.maxTokens=100'])
    const sets = [`model.path=${runAt('rpt')}`]
    const {summary, resolved, lines} = await toy.run(sets)
    expect(resolved).toMatch(/template: "bare" +# run .*rpt\n/)
    expect(resolved).toMatch(/maxReferenceTokens: 7 +# run .*rpt\n/)
    expect(lines).toMatch(/prompt\.template is bare, as of run .*rpt/)
    const seen = {'prompt.template': 'bare', 'prompt.maxTokens': 100, 'rollout.maxTokens': 6}
    expect(summary.models).toEqual([
      expect.objectContaining({run: 'rpt', checkpoint: 'step-000001', ...seen, 'reward.maxReferenceTokens': 7}),
    ])
    const reasoning = summary.rows.filter(inMode('reasoning'))
    for (const {prompt_settings} of reasoning) expect(JSON.parse(prompt_settings)).toMatchObject(seen)
    const shown = await shownSettings('eval', toy.load('eval', sets, 'dry'))
    expect(shown.config.prompt.template).toBe('bare')
    expect(shown.sources.get('rollout.maxTokens')).toMatch(/^run .*rpt$/)
    expect(shown.sources.get('eval.modes')).toBe('default')
  })

  it('keeps apart what several models were evaluated with, so that the record gives the same again', async () => {
    const models = `eval.models=[${toy.base},${runAt('rpt')}]`
    const [loads, closes] = (['load', 'close'] as const).map((name) => vi.spyOn(LocalEngine.prototype, name))
    const {summary, resolved} = await toy.run([models, 'rollout.maxTokens=6', 'prompt.maxTokens=200'])
    const checkpoint = join(runAt('rpt'), 'checkpoints', 'step-000001')
    expect(loads.mock.calls).toEqual([[{checkpoint: toy.base}], [{checkpoint}]])
    expect(closes).toHaveBeenCalledTimes(1)
    vi.restoreAllMocks()
    expect(summary.models.map((model) => model['prompt.template'])).toEqual(['v0', 'bare'])
    expect(resolved).toMatch(/template: null +# by model: base "auto", rpt "bare"\n/)
    expect(resolved).toMatch(/maxTokens: 6 +# --set\n/)
    writeFileSync(join(toy.folder, 'again.yaml'), resolved)
    const again = loadConfig({files: ['again.yaml'], sets: ['out=again'], cwd: toy.folder})
    expect((await shownSettings('eval', again)).sources.get('prompt.template')).toMatch(/base "auto", rpt "bare"/)
  })

  it('of folders with long names keeps predictions that a report finds again', async () => {
    const [long, twin] = ['a', 'b'].map((end) => `${'n'.repeat(239)}${end}`)
    for (const name of [long, twin]) cpSync(toy.base, runAt(name), {recursive: true})
    const models = `eval.models=[${runAt(long)},${runAt(twin)}]`
    const {out} = await toy.run([models, 'eval.modes=[standard]', 'eval.limit=5'])
    const files = [long, twin].map((name) => keptPredictions(out, name, 0))
    expect(new Set(files).size).toBe(2)
    for (const file of files) expect(readTable(file!, predictionsTable).length).toBe(5)
  })

  it('knows the template of the rows of an sft run', async () => {
    const rows = ['A B', 'B C A', 'C'].map((prompt) =>
      JSON.stringify({prompt: `${prompt}<think>`, completion: '</think>\\boxed{ A}'}),
    )
    writeFileSync(join(toy.folder, 'rows.jsonl'), `${rows.join('\n')}\n`)
    const sft = ['train.objective=sft', `sft.completions=${join(toy.folder, 'rows.jsonl')}`, 'prompt.template=null']
    expect(await toy.trained('sft', sft)).toMatch(
      /the prompts of .*rows.jsonl are in template bare; evaluations use it/,
    )
    expect(readFileSync(join(runAt('sft'), 'config.resolved.yaml'), 'utf8')).toMatch(
      /template: "bare" +# rows of .*rows.jsonl\n/,
    )
    // A dry run shows it, too.
    const shown = await shownSettings('train', toy.load('train', [`model.path=${toy.base}`, ...sft], 'dry'))
    expect([shown.config.sft.template, shown.sources.get('sft.template')]).toEqual([
      'bare',
      expect.stringMatching(/^rows of .*rows\.jsonl$/),
    ])
    const {summary} = await toy.run([`model.path=${runAt('sft')}`])
    expect(summary.models[0]).toMatchObject({run: 'sft', 'prompt.template': 'bare', 'prompt.chatTemplate': 'none'})
  })

  it('refuses thoughts in a template that the rows of an sft run do not tell', async () => {
    const rows = ['A B', 'B C A', 'C'].map((prompt) =>
      JSON.stringify({prompt: `Next after ${prompt}?`, completion: ' A'}),
    )
    writeFileSync(join(toy.folder, 'other.jsonl'), `${rows.join('\n')}\n`)
    const sft = ['train.objective=sft', `sft.completions=${join(toy.folder, 'other.jsonl')}`, 'prompt.template=null']
    await toy.trained('other', [...sft])
    const other = [`model.path=${runAt('other')}`, 'rollout.maxTokens=6']
    await expect(toy.run(other)).rejects.toThrow(UsageError)
    await expect(shownSettings('eval', toy.load('eval', other, 'dry'))).rejects.toThrow(
      /rows in a template that it does not name/,
    )
    expect((await toy.run([...other, 'eval.modes=standard'])).summary.rows.length).toBeGreaterThan(0)
    expect((await toy.run([...other, 'prompt.template=bare'])).summary.models[0]['prompt.template']).toBe('bare')
    const named = await toy.trained('named', [...sft, 'sft.template=Next after {context}?'])
    expect(named).not.toMatch(/not all prompts|no template/)
    expect((await toy.run([`model.path=${runAt('named')}`])).summary.models[0]['prompt.template']).toMatch(/^sha256:/)
    await expect(toy.trained('thinking', [...sft, 'eval.every=1'])).rejects.toThrow(
      /the template of the rows is not known/,
    )
  })
})
