/** `npm run check`: every gate with its time; all run, and one that fails fails the whole. */
import {spawnSync} from 'node:child_process'
import {ensureReady, root} from './ensure-ready.js'

const vitest = ['node_modules/vitest/vitest.mjs', 'run']
const gates = [
  ['types', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']],
  ["types of a page's script", ['node_modules/typescript/bin/tsc', '-p', 'src/core/report/page']],
  ["types of the page's check", ['node_modules/typescript/bin/tsc', '-p', 'scripts/page']],
  ['lint and format', ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']],
  ['architecture', [...vitest, 'test/architecture.test.ts']],
  ['package', ['scripts/check-pack.js']],
  // The longest, and last: what failed is then at the end of the log.
  ['tests', ['scripts/test.js']],
]

ensureReady()
const outcomes = gates.map(([name, args]) => {
  console.log(`\n== ${name}`)
  const started = Date.now()
  const {status} = spawnSync(process.execPath, args, {cwd: root, stdio: ['ignore', 'inherit', 'inherit']})
  return {name, passed: status === 0, seconds: (Date.now() - started) / 1000}
})
console.log()
for (const {name, passed, seconds} of outcomes) {
  console.log(`${passed ? 'passed' : 'FAILED'}  ${name.padEnd(24)} ${seconds.toFixed(1).padStart(6)} s`)
}
process.exitCode = outcomes.every(({passed}) => passed) ? 0 : 1
