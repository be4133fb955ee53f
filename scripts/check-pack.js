/** Packs the package, installs the tarball in an empty folder, asks it for help and trains a step, as a user of the registry would. */
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {ensureReady, root, runOrExit} from './ensure-ready.js'

ensureReady()
const folder = mkdtempSync(join(tmpdir(), 'rpt-pack-'))
process.on('exit', () => rmSync(folder, {recursive: true, force: true}))
runOrExit('npm pack', 'npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder], {
  cwd: root,
})
const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
writeFileSync(join(folder, 'package.json'), '{"name": "empty", "private": true}\n')
const install = ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
runOrExit('npm install of the tarball', 'npm', [...install, `./${tarball}`], {cwd: folder})
const rpt = (...args) => runOrExit(`npx rpt ${args[0]}`, 'npx', ['--no-install', 'rpt', ...args], {cwd: folder})
rpt('--help')
rpt('doctor')

// A training step, on the first documents of the embedded experiment.
const tiny = join(root, 'experiments', 'tiny')
const rows = readFileSync(join(tiny, 'corpus.jsonl'), 'utf8').split('\n').slice(0, 40)
writeFileSync(join(folder, 'corpus.jsonl'), `${rows.join('\n')}\n`)
rpt(
  'prepare-data',
  '--documents',
  'corpus.jsonl',
  '--proxy',
  join(tiny, 'base'),
  '--out',
  'data',
  '--val-documents',
  '4',
)
const oneStep = ['--steps', '1', '--set', 'grpo.contextsPerStep=2', '--data', 'data', '--out', 'run']
rpt('train', '--config', join(tiny, 'rpt.yaml'), ...oneStep)
