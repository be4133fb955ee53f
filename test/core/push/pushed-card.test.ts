import {cpSync} from 'node:fs'
import {describe, expect, it} from 'vitest'
import {parse} from 'yaml'
import {percent} from '../../../src/core/report/format.js'
import {type EvalRow, evalTable, metricsTable, readTable} from '../../../src/core/tables/index.js'
import {commit} from '../hub/fake-hub.js'
import {at, card, failure, fields, hub, json, modelNames, send, usePushes, workspace} from './toy-pushes.js'

usePushes(['full', 'onward', 'adapters', 'eval'])

describe('the card', () => {
  it('has what the Hub reads, and every accuracy with its interval', async () => {
    await send('full', {evaluation: at('eval')})
    expect(fields()).toEqual({
      library_name: 'transformers',
      pipeline_tag: 'text-generation',
      base_model: 'owner/base',
      base_model_relation: 'finetune',
      tags: ['rpt', 'reinforcement-pre-training'],
    })
    const shown = (row: EvalRow) =>
      `${percent(row.accuracy)} [${percent(row.ci_low ?? Number.NaN)}, ${percent(row.ci_high ?? Number.NaN)}]`
    const rows = readTable(at('eval', 'eval.arrow'), evalTable).filter(({split}) => split === 'hard')
    expect(rows.map(({run}) => run)).toEqual(['base', 'base', 'full', 'full'])
    for (const row of rows) {
      const name = row.run === 'base' ? `base, ${row.mode}` : `**rpt, step 2, ${row.mode}**`
      const line = card()
        .split('\n')
        .find((text) => text.startsWith(`| ${name} |`))
      expect(line, name).toContain(shown(row))
    }
    expect(card()).toContain('| minus | ')
  })

  it('says what training took up to the checkpoint, though the run went on', async () => {
    await send('full', {checkpoint: 1})
    const rows = readTable(at('full', 'metrics.arrow'), metricsTable)
    expect(rows).toHaveLength(2)
    expect(card()).toContain(`| tokens sampled or trained on | ${rows[0].num_tokens} |`)
    await send('full')
    const {compute} = json('full', 'summary.json')
    expect(card()).toContain(`| tokens sampled or trained on | ${compute.tokens} |`)
    expect(card()).toContain(`| FLOPs | ${compute.flops.toExponential(2).replace('e+', 'e')} (`)
  })

  it('gives the settings and the commands that repeat it', async () => {
    await send('full')
    const [settings, data] = [...card().matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => parse(text))
    expect(settings).toMatchObject({
      seed: 0,
      train: {objective: 'rpt', steps: 2},
      grpo: {groupSize: 4, contextsPerStep: 4},
      prompt: {template: 'bare'},
    })
    expect(data).toMatchObject({data: {valDocuments: 2, minContext: 2}})
    expect(card()).toContain(`rpt train --config settings.yaml --data DATA --model hf:owner/base@${commit} --out RUN`)
    expect(card()).toContain('rpt prepare-data --config data.yaml --documents DOCUMENTS --proxy PROXY --out DATA')
  })

  it('shows how to load the model and how it was prompted', async () => {
    await send('full')
    expect(card()).toContain('AutoModelForCausalLM.from_pretrained("me/toy")')
    expect(card()).toContain('after = "<think>"')
    expect(card()).toContain('max_new_tokens=6')
  })

  it.each(['full', 'onward', 'adapters'])('of %s names no place of this machine', async (run) => {
    await send(run)
    for (const [name, {content}] of Object.entries(hub.files))
      if (!name.endsWith('.safetensors')) expect(String(content), name).not.toContain(workspace.folder)
  })

  it('follows earlier runs to the base, and has the evaluations of the run itself', async () => {
    const lines: string[] = []
    await send('onward', {}, lines)
    expect(lines).toEqual([])
    expect(fields()).toMatchObject({base_model: 'owner/base', tags: ['rpt']})
    expect(card()).toContain('**ntp, step 2, standard**')
    expect(card()).toContain('--model MODEL')
  })

  it('has the results of a run whose folder was renamed since it was evaluated, told by its weights', async () => {
    await send('full', {evaluation: at('eval')})
    const results = () =>
      card()
        .split('## ')
        .find((section) => section.startsWith('Results'))
    const before = results()
    cpSync(at('full'), at('renamed'), {recursive: true})
    await send('renamed', {evaluation: at('eval')})
    expect(results()).toBe(before)
    expect(results()).toMatch(/\| \*\*rpt, step 2, reasoning\*\*/)
    // Step 1 was not evaluated, and its weights are others.
    const error = await failure(send('renamed', {evaluation: at('eval'), checkpoint: 1}))
    expect(error.message).toContain('has no evaluation of renamed, step 1; it has: base, step 0; full, step 2')
  })

  it('says that a checkpoint was not evaluated', async () => {
    const lines: string[] = []
    await send('onward', {checkpoint: 1}, lines)
    expect(card()).toContain('This checkpoint was not evaluated.')
    expect(lines.join()).toContain('give the --out of rpt eval as --evaluation')
  })

  it('that somebody wrote stays; of one with a license alone the license stays', async () => {
    hub.uploads.exists = true
    const theirs = '---\nlicense: mit\n---\n# Mine\n'
    hub.files['README.md'] = {content: Buffer.from(theirs)}
    const lines: string[] = []
    expect((await send('full', {}, lines)).sent).toEqual(modelNames)
    expect(card()).toBe(theirs)
    expect(lines.join()).toContain('is not changed')
    hub.files['README.md'] = {content: Buffer.from('---\nlicense: mit\ntags: [other]\n---\n')}
    expect((await send('full')).sent).toEqual(['README.md'])
    expect(fields()).toMatchObject({license: 'mit', library_name: 'transformers'})
    expect((await send('full')).changed).toBe(false)
  })
})
