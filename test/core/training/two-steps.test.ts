import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {prepareData} from '../../../src/core/preparation/prepare-data.js'
import {metricsTable, readTable, rolloutsTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {temporaryFolder} from '../../support/tiny-engine.js'
import {toyServices} from '../../support/toy-run.js'

const tiny = fileURLToPath(new URL('../../../experiments/tiny', import.meta.url))

/** What two steps of the embedded experiment were when the structure of the code was last changed. */
const known = JSON.parse(readFileSync(new URL('two-steps.json', import.meta.url), 'utf8'))

/**
 * A change of structure changes no random stream, no order and no number. Which positions are drawn and what is sampled for
 * them is the same on every machine; the last digits of what is computed are not.
 */
it('two steps of the embedded experiment are what they were', async () => {
  const folder = temporaryFolder()
  const data = join(folder, 'data')
  const prepare = loadConfig({
    files: [join(tiny, 'prepare.yaml')],
    sets: ['data.limit=150', 'data.valDocuments=4', `out=${data}`],
    cwd: tiny,
  })
  await prepareData(prepare.config, toyServices({command: 'prepare-data'}))
  const sets = [
    `data.dir=${data}`,
    `out=${join(folder, 'run')}`,
    'train.steps=2',
    'grpo.contextsPerStep=12',
    'optim.warmupSteps=0',
  ]
  await train(loadConfig({files: [join(tiny, 'rpt.yaml')], sets, cwd: tiny}).config, toyServices())
  const completions = [1, 2].flatMap((step) =>
    readTable(join(folder, 'run', 'rollouts', `step-00000${step}.arrow`), rolloutsTable).map(
      ({doc_id, position, completion_text, outcome, reward}) => [doc_id, position, completion_text, outcome, reward],
    ),
  )
  const metrics = readTable(join(folder, 'run', 'metrics.arrow'), metricsTable).map(({loss, grad_norm, entropy}) => [
    loss,
    grad_norm,
    entropy,
  ])
  if (process.env.RPT_WRITE_KNOWN) console.log(JSON.stringify({completions, metrics}))
  expect(completions).toEqual(known.completions)
  for (const [step, values] of metrics.entries())
    for (const [i, value] of values.entries()) expect(value! - known.metrics[step][i]).toBeCloseTo(0, 5)
})
