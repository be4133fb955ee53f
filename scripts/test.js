/** `npm test [-- vitest arguments]`: makes ready, runs vitest, ends in `tests: N passed, M skipped, F failed`. */
import {spawnSync} from 'node:child_process'
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {ensureReady, root} from './ensure-ready.js'

ensureReady()
const folder = mkdtempSync(join(tmpdir(), 'rpt-test-'))
const report = join(folder, 'report.json')
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
const {status} = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...process.argv.slice(2)],
  {cwd: root, stdio: ['ignore', 'inherit', 'inherit']},
)
const {passed, skipped, ...counted} = count(existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined)
// An error outside any test, as an unhandled rejection, is one failure.
const failed = counted.failed || (status === 0 ? 0 : 1)
rmSync(folder, {recursive: true})
for (const name of skipped) console.log(`skipped: ${name}`)
if (failed > counted.failed) console.log(`vitest ended with status ${status} outside any test; see above`)
console.log(`tests: ${passed} passed, ${skipped.length} skipped, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

/** A file that could not be loaded has no tests of its own and counts as one that failed. */
function count(results) {
  if (!results) return {passed: 0, skipped: [], failed: 0}
  const tests = results.testResults.flatMap((file) => file.assertionResults)
  const broken = results.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  )
  const unrun = tests.filter((test) => !['passed', 'failed'].includes(test.status))
  return {
    passed: tests.filter((test) => test.status === 'passed').length,
    skipped: unrun.map((test) => test.fullName),
    failed: tests.filter((test) => test.status === 'failed').length + broken.length,
  }
}
