/** Packs the package, installs the tarball in an empty folder and asks it for help, as a user of the registry would. */
import {mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs'
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
runOrExit('npx rpt --help', 'npx', ['--no-install', 'rpt', '--help'], {cwd: folder})
runOrExit('npx rpt doctor', 'npx', ['--no-install', 'rpt', 'doctor'], {cwd: folder})
