import {readdirSync, readFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {defineConfig} from 'vitest/config'

const files = readdirSync('test', {recursive: true, encoding: 'utf8'})
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => join('test', name))
// Told apart by the call itself, so that a new test file needs no row here.
const replacesModules = (file: string) => readFileSync(file, 'utf8').includes('vi.mock(')

/** Test files of one kind. Without isolation a worker loads each module once: a tenth of the time of all tests. */
const project = (name: string, isolate: boolean, include: string[]) => ({
  test: {
    name,
    isolate,
    include,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // In place of a loader of TypeScript in every thread, a bundle of what runs there.
    alias: [{find: /^.*\/util\/start-thread\.js$/, replacement: resolve('test/support/start-thread.ts')}],
    // Fake Hubs are on this machine.
    env: {HTTP_PROXY: '', HTTPS_PROXY: '', http_proxy: '', https_proxy: ''},
  },
})

export default defineConfig({
  test: {
    globalSetup: ['test/support/temporary-folder.ts', 'test/support/bundle-threads.ts'],
    maxWorkers: 2,
    disableConsoleIntercept: true,
    projects: [
      project(
        'plain',
        false,
        files.filter((file) => !replacesModules(file)),
      ),
      project('replaced modules', true, files.filter(replacesModules)),
    ],
  },
})
