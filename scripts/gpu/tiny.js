import {spawnSync} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {root} from './parts.js'

const splits = ['easy', 'medium', 'hard']

/** Base, training and evaluation of experiments/tiny on the device, against what the CPU's page says of seed 0. */
export async function measureTiny({device, out, smallest, note}) {
  const at = (name) => join(out, 'tiny', name)
  const small = smallest ? ['--set', 'train.steps=1', '--set', 'grpo.contextsPerStep=4'] : []
  const fewer = smallest ? ['--set', 'data.limit=420'] : []
  const limit = smallest ? ['--set', 'eval.limit=12'] : []
  rpt(device, [
    'prepare-data',
    '--config',
    'experiments/tiny/prepare.yaml',
    '--out',
    at('data'),
    '--overwrite',
    ...fewer,
  ])
  note('prepared', true)
  rpt(device, [
    'train',
    '--config',
    'experiments/tiny/rpt.yaml',
    '--data',
    at('data'),
    '--out',
    at('rpt'),
    '--overwrite',
    ...small,
  ])
  note('training', pick(readSummary(at('rpt')), ['wall_seconds', 'steps', 'updates', 'update_mode', 'bus_bytes']))
  const models = `eval.models=${JSON.stringify([join(root, 'experiments', 'tiny', 'base'), at('rpt')])}`
  rpt(device, [
    'eval',
    '--config',
    'experiments/tiny/eval.yaml',
    '--data',
    at('data'),
    '--out',
    at('eval'),
    '--overwrite',
    '--set',
    models,
    '--set',
    'eval.modes=[standard,reasoning]',
    ...limit,
  ])
  const {rows, models: evaluated} = readSummary(at('eval'))
  const accuracy = (run, mode, split) =>
    rows.find((row) => row.run === run && row.mode === mode && row.split === split)?.accuracy
  const [base, trained] = evaluated.map(({run}) => run)
  const intervals = intervalsOfCpu()
  const gains = splits.map((split, i) => {
    const gain = 100 * (accuracy(trained, 'reasoning', split) - accuracy(base, 'standard', split))
    return {split, gain, cpu: intervals[i], within: gain >= intervals[i][0] && gain <= intervals[i][1]}
  })
  note('gains', gains)
}

function rpt(device, args) {
  const {status} = spawnSync(process.execPath, ['bin/run.js', ...args, '--device', device], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) throw new Error(`rpt ${args.join(' ')} ended with ${status}`)
}

function readSummary(folder) {
  return JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8'))
}

function pick(object, names) {
  return Object.fromEntries(names.map((name) => [name, object[name]]))
}

/** 95% intervals of the gain of RPT's reasoning over `base, standard`, seed 0, in points, by split. */
function intervalsOfCpu() {
  const page = readFileSync(join(root, 'experiments', 'tiny', 'README.md'), 'utf8')
  // The accuracies of the base have a row of that name, too; theirs has no intervals.
  const row = page.split('\n').find((line) => /^\| base, standard \| [+-][\d.]+ \[/.test(line))
  if (!row) throw new Error("experiments/tiny/README.md has no row of gains over 'base, standard' with intervals")
  const [, , seed0] = row.split('|')
  return [...seed0.matchAll(/\[([+-][\d.]+), ([+-][\d.]+)\]/g)].map(([, low, high]) => [Number(low), Number(high)])
}
