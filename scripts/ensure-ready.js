import {spawnSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {existsSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'

/** The folder of package.json. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const buildStamp = join(root, 'node_modules', '.rpt-build')

function read(file) {
  return existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : ''
}

/** Why dependencies must be installed; undefined when those of package-lock.json are there. */
function whyInstall() {
  const installed = read('node_modules/.package-lock.json')
  if (installed === '') return 'node_modules is missing or incomplete'
  const {packages} = JSON.parse(installed)
  const wanted = Object.entries(JSON.parse(read('package-lock.json')).packages)
  const stale = wanted.find(([path, {integrity, optional}]) => {
    if (path === '' || (optional && !packages[path])) return false
    return packages[path]?.integrity !== integrity
  })
  return stale && `${stale[0]} is not the version in package-lock.json`
}

function sourceFiles(folder) {
  return readdirSync(join(root, folder), {withFileTypes: true})
    .flatMap((entry) => (entry.isDirectory() ? sourceFiles(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]))
    .sort()
}

function sourceHash() {
  const hash = createHash('sha256')
  for (const file of ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', ...sourceFiles('src')]) {
    hash.update(`${file}\0`).update(read(file)).update('\0')
  }
  return hash.digest('hex')
}

/** Why dist must be built; undefined when it was built from the sources as they are. */
export function whyBuild() {
  if (!existsSync(join(root, 'dist', 'base-command.js'))) return 'dist is missing'
  const stamp = read('node_modules/.rpt-build')
  return stamp === sourceHash() ? undefined : 'src differs from what dist was built from'
}

/** Runs a program with its output on this terminal; ends this process with its status when it fails. */
export function runOrExit(title, command, args, options = {}) {
  const started = Date.now()
  const {status, error} = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
    ...options,
  })
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  if (status !== 0) {
    console.error(`${title} failed after ${seconds} s${error ? `: ${error.message}` : ''}`)
    process.exit(status || 1)
  }
  console.log(`${title}: done in ${seconds} s`)
}

/** Installs dependencies and builds dist where that is needed, and says why. */
export function ensureReady() {
  const install = whyInstall()
  if (install) {
    console.log(`installing dependencies: ${install}`)
    const env = {...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip'}
    runOrExit('npm ci', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {env})
  }
  const build = whyBuild()
  if (!build) return
  console.log(`building: ${build}`)
  rmSync(join(root, 'dist'), {recursive: true, force: true})
  const hash = sourceHash()
  runOrExit('build', process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'])
  writeFileSync(buildStamp, hash)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureReady()
