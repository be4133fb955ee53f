/** `npm start`: the experiment of experiments/tiny from corpus to report in runs/tiny, going on where an earlier start stopped. */
import {spawnSync} from 'node:child_process'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {ensureReady, root} from './ensure-ready.js'
import {isOtherRun} from './is-other-run.js'

/** Exit code of settings that do not go with what is there; of a run that is locked, and of too little memory, too. */
const usageError = 2

const folder = (name) => join('runs', 'tiny', name)
const config = (name) => ['--config', `experiments/tiny/${name}.yaml`]
const page = folder('report.html')

/** Title, folder that it fills, arguments. What an earlier start left there is continued. */
const stages = [
  ['prepare the data', undefined, ['prepare-data', ...config('prepare'), '--overwrite']],
  ['train by next-token reasoning', folder('rpt'), ['train', ...config('rpt')]],
  ['train on plain next tokens, the baseline', folder('ntp'), ['train', ...config('ntp')]],
  ['evaluate base, baselines and RPT', folder('eval'), ['eval', ...config('eval')]],
  ['fit accuracy against compute', folder('sweep'), ['scaling-sweep', ...config('sweep')]],
  ['write the report', undefined, ['report', ...['rpt', 'ntp', 'eval', 'sweep'].map(folder), '--out', page]],
]

// Ctrl-C and the end of the terminal reach the command too; it saves, and this script waits for it.
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {})

const started = Date.now()
ensureReady()
for (const [index, [title, output, args]] of stages.entries()) {
  const begun = Date.now()
  const heading = `[${index + 1}/${stages.length}]`
  console.log(`\n${heading} ${title}`)
  const isThere = output !== undefined && existsSync(join(root, output))
  let {status, signal} = rpt(isThere ? [...args, '--resume'] : args)
  if (isThere && status === usageError && isOtherRun(args)) {
    console.log(`${output} belongs to other settings or data and is made again`)
    ;({status, signal} = rpt([...args, '--overwrite']))
  }
  if (status !== 0) {
    console.error(`stopped at '${title}' (${signal ?? `status ${status}`}); npm start goes on from here`)
    process.exit(status ?? 1)
  }
  console.log(`${heading} took ${elapsed(begun)}`)
}
console.log(`\nall done in ${elapsed(started)}; open ${page}`)

/** Runs one command on this terminal. */
function rpt(args) {
  console.log(`$ rpt ${args.join(' ')}`)
  return spawnSync(process.execPath, ['bin/run.js', ...args], {cwd: root, stdio: 'inherit'})
}

function elapsed(since) {
  const seconds = Math.round((Date.now() - since) / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
