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

/** What `--dry-run` says, GiB: in all, and activations of the update. */
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
  const {memory, memory_summary: summary} = await planOf('train', {...settings, out: join(folder, 'out')})
  const activations = memory.find(({name}) => name === 'activations of the update')!
  return [summary!.needed_bytes, activations.bytes].map((bytes) => bytes / 2 ** 30)
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
    const [needed, activations] = await estimate(config, model, [])
    expect(read(config)).toContain(`--dry-run says ${whole(needed)}, of which ${whole(activations)} are`)
    for (const page of pages) expect(read(page)).toContain(whole(needed))
  })

  it('with fewer new tokens', async () => {
    const config = 'experiments/omni-math/train.yaml'
    const [needed] = await estimate(config, 'R1-Distill-Qwen-1.5B', ['rollout.maxTokens=512'])
    expect(read(config)).toContain(`With --set rollout.maxTokens=512 it says ${whole(needed)}.`)
  })

  it.each(['SmolLM2-135M', 'Qwen2.5-0.5B'] as const)('for a laptop, %s', async (model) => {
    const [[longer], [shorter]] = [
      await estimate(laptop, model, []),
      await estimate(laptop, model, ['rollout.maxTokens=64']),
    ]
    expect(read('docs/how-to/own-corpus.md')).toContain(`| ${model} | ${tenths(longer)} | ${tenths(shorter)} |`)
    expect(shorter, 'fits 16 GiB').toBeLessThan(14)
  })
})
