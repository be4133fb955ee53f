import {mkdirSync, mkdtempSync, readFileSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {describe, expect, it} from 'vitest'
import {loadConfig} from '../../src/core/config/load.js'
import {planOf} from '../../src/core/planning/plan.js'
import {knownModels} from '../support/known-models.js'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const folder = mkdtempSync(join(tmpdir(), 'rpt-memory-'))
const read = (file: string) => readFileSync(join(root, file), 'utf8')

/** The settings of the page on one's own corpus, as they stand there. */
const laptop = join(folder, 'small.yaml')
writeFileSync(laptop, /```yaml\n(# small\.yaml\n.*?)```/s.exec(read('docs/how-to/own-corpus.md'))![1])

/** What `--dry-run` says is needed, GiB. */
async function estimate(config: string, model: keyof typeof knownModels, sets: readonly string[]) {
  const path = join(folder, model)
  mkdirSync(path, {recursive: true})
  writeFileSync(join(path, 'config.json'), JSON.stringify({rms_norm_eps: 1e-6, ...knownModels[model]}))
  const given = [
    ...sets,
    'model.path=null',
    `model.config=${join(path, 'config.json')}`,
    'memory.limitGiB=1000000',
    'data.dir=null',
  ]
  const settings = loadConfig({files: [config], sets: given, cwd: root}).config
  const {memory_summary: summary} = await planOf('train', {...settings, out: join(folder, 'out')})
  return summary!.needed_bytes / 2 ** 30
}

const whole = (gib: number) => `${Math.round(gib).toLocaleString('en')} GiB`
const tenths = (gib: number) => `${gib.toFixed(1)} GiB`

describe('what documents say of memory is what --dry-run says', () => {
  const experiments = [
    ['omni-math/train.yaml', 'R1-Distill-Qwen-1.5B', ['experiments/omni-math/README.md']],
    ['omni-math/train-14b.yaml', 'R1-Distill-Qwen-14B', []],
    ['gsm8k/train.yaml', 'R1-Distill-Qwen-1.5B', ['experiments/gsm8k/README.md']],
    ['text-corpus/train.yaml', 'R1-Distill-Qwen-1.5B', ['experiments/text-corpus/README.md']],
  ] as const
  it.each(experiments)('in %s', async (file, model, pages) => {
    const config = `experiments/${file}`
    const [segmented, inOneRun] = [
      await estimate(config, model, ['update.mode=segmented']),
      await estimate(config, model, ['update.mode=whole']),
    ]
    expect(read(config)).toContain(`--dry-run says ${whole(segmented)}; with update.mode=whole ${whole(inOneRun)}`)
    for (const page of pages) expect(read(page)).toContain(whole(segmented))
  })

  it('with fewer completions at once', async () => {
    const config = 'experiments/omni-math/train.yaml'
    const needed = await estimate(config, 'R1-Distill-Qwen-1.5B', ['grpo.completionsPerMicroBatch=4'])
    expect(read(config)).toContain(`With --set grpo.completionsPerMicroBatch=4 it says ${whole(needed)}.`)
  })

  it('for the tiny experiment, whose longest prompt has 64 tokens at most, and within a tenth of its peak', async () => {
    const sets = ['prompt.maxTokens=64', 'memory.limitGiB=1000000', `data.dir=${join(folder, 'none')}`]
    const {config} = loadConfig({files: ['experiments/tiny/rpt.yaml'], sets, cwd: root})
    const {memory_summary: summary} = await planOf('train', {...config, out: join(folder, 'out')})
    const needed = summary!.needed_bytes / 2 ** 20
    const ofMany = needed + summary!.spare_bytes / 2 ** 20
    const page = read('docs/how-to/memory.md').replaceAll('\n', ' ')
    expect(page).toContain(`says ${needed.toFixed(0)} MiB, and ${ofMany.toFixed(0)} MiB with graphs of many lengths`)
    const peak = Number(/The run peaked at (\d+) MiB/.exec(page)![1])
    expect(ofMany / peak).toBeGreaterThan(1)
    expect(ofMany / peak).toBeLessThan(1.1)
  })

  it.each(['SmolLM2-135M', 'Qwen2.5-0.5B'] as const)('for a laptop, %s', async (model) => {
    const modes = ['whole', 'segmented'] as const
    const [inOneRun, segmented] = await Promise.all(
      modes.map((mode) => estimate(laptop, model, [`update.mode=${mode}`])),
    )
    expect(read('docs/how-to/own-corpus.md')).toContain(`| ${model} | ${tenths(inOneRun)} | ${tenths(segmented)} |`)
    expect(segmented, 'fits 16 GiB').toBeLessThan(14)
  })
})
