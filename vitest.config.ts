import {defineConfig} from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/temporary-folder.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    disableConsoleIntercept: true,
    // Fake Hubs are on this machine.
    env: {HTTP_PROXY: '', HTTPS_PROXY: '', http_proxy: '', https_proxy: ''},
  },
})
