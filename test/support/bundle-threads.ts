import {copyFileSync, mkdirSync, symlinkSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {basename, join} from 'node:path'
import {build} from 'esbuild'

const root = join(import.meta.dirname, '..', '..')
const threads = ['src/core/engine/worker.ts', 'src/core/optim/step-worker.ts']

/** Bundles what runs in threads, for `start-thread.ts`, in the folder that the tests of a run share. */
export default async function setUp(): Promise<void> {
  const folder = join(tmpdir(), 'threads')
  // As deep as the sources are: they look for package.json from where they lie, and for packages beside it.
  process.env.RPT_TEST_THREADS = join(folder, 'src', 'core', 'threads')
  mkdirSync(folder)
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  await build({
    entryPoints: threads.map((path) => ({in: join(root, path), out: basename(path, '.ts')})),
    outdir: process.env.RPT_TEST_THREADS,
    bundle: true,
    // It is native; packages that are not modules, as protobufjs, ask for those of Node.js with `require`.
    external: ['onnxruntime-node'],
    banner: {js: "import * as modules from 'node:module'; const require = modules.createRequire(import.meta.url)"},
    platform: 'node',
    format: 'esm',
    target: 'node20',
  })
}
