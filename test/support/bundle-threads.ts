import {symlinkSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {basename, join} from 'node:path'
import {build} from 'esbuild'

const root = join(import.meta.dirname, '..', '..')
const threads = ['src/core/engine/worker.ts', 'src/core/optim/step-worker.ts']

/** Bundles what runs in threads, for `start-thread.ts`, in the folder that the tests of a run share. */
export default async function setUp(): Promise<void> {
  const folder = tmpdir()
  // As deep as the sources are: they look for package.json from where they lie, and for packages beside it.
  process.env.RPT_TEST_THREADS = join(folder, 'src', 'core', 'threads')
  for (const name of ['package.json', 'node_modules']) symlinkSync(join(root, name), join(folder, name))
  await build({
    entryPoints: threads.map((path) => ({in: join(root, path), out: basename(path, '.ts')})),
    outdir: process.env.RPT_TEST_THREADS,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
  })
}
