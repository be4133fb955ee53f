/** `npm start`: the experiment of experiments/tiny from corpus to report in runs/tiny, going on where an earlier start stopped. */
import {spawnSync} from 'node:child_process'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {ensureReady, root} from './ensure-ready.js'

const runs = ['data', 'rpt', 'ntp', 'eval', 'sweep'].map((name) => join('runs', 'tiny', name))
const [data, rpt, ntp, evaluation, sweep] = runs
const page = join('runs', 'tiny', 'report.html')

/** Title, folder that it fills, arguments. A folder that exists is continued with --resume. */
const stages = [
  ['prepare the data', data, ['prepare-data', '--config', 'experiments/tiny/prepare.yaml']],
  ['train by next-token reasoning', rpt, ['train', '--config', 'experiments/tiny/rpt.yaml']],
  ['train on plain next tokens, for comparison', ntp, ['train', '--config', 'experiments/tiny/ntp.yaml']],
  ['evaluate', evaluation, ['eval', '--config', 'experiments/tiny/rpt.yaml', '--model', rpt, '--out', evaluation]],
  ['fit accuracy against compute', sweep, ['scaling-sweep', '--config', 'experiments/tiny/sweep.yaml']],
  ['write the report', undefined, ['report', rpt, ntp, evaluation, sweep, '--out', page]],
]

// Ctrl-C reaches the command too; it saves, and this script waits for it.
process.on('SIGINT', () => {})

const started = Date.now()
ensureReady()
for (const [index, [title, folder, args]] of stages.entries()) {
  const resume = folder && existsSync(join(root, folder)) ? ['--resume'] : []
  const begun = Date.now()
  console.log(`\n[${index + 1}/${stages.length}] ${title}: rpt ${[...args, ...resume].join(' ')}`)
  const command = ['bin/run.js', ...args, ...resume]
  const {status, signal} = spawnSync(process.execPath, command, {cwd: root, stdio: 'inherit'})
  if (status !== 0) {
    console.error(`stopped at '${title}' (${signal ?? `status ${status}`}); npm start goes on from here`)
    process.exit(status ?? 1)
  }
  console.log(`[${index + 1}/${stages.length}] ${elapsed(begun)}`)
}
console.log(`\nall done in ${elapsed(started)}; open ${page}`)

function elapsed(since) {
  const seconds = Math.round((Date.now() - since) / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
