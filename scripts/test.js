/**
 * `npm test [-- vitest arguments]`: makes ready, runs vitest, ends in what failed and `tests: N passed, M skipped, F failed`:
 * a log that keeps its last lines alone still names the failures.
 */
import {spawnSync} from 'node:child_process'
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, relative} from 'node:path'
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
const {passed, skipped, failures} = count(existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined)
// An error outside any test, as an unhandled rejection, is one failure.
const isUnexplained = status !== 0 && failures.length === 0
rmSync(folder, {recursive: true})
for (const name of skipped) console.log(`skipped: ${name}`)
for (const failure of failures) console.log(`failed: ${failure}`)
if (isUnexplained) console.log(`vitest ended with status ${status} outside any test; see above`)
const failed = failures.length + Number(isUnexplained)
console.log(`tests: ${passed} passed, ${skipped.length} skipped, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

/** A file that could not be loaded has no tests of its own and counts as one that failed. */
function count(results) {
  if (!results) return {passed: 0, skipped: [], failures: []}
  const tests = results.testResults.flatMap((file) =>
    file.assertionResults.map((test) => ({...test, file: relative(root, file.name)})),
  )
  const broken = results.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  )
  const unrun = tests.filter((test) => !['passed', 'failed'].includes(test.status))
  return {
    passed: tests.filter((test) => test.status === 'passed').length,
    skipped: unrun.map((test) => test.fullName),
    failures: [
      ...tests
        .filter((test) => test.status === 'failed')
        .map((test) => `${test.file}: ${test.fullName}: ${beginning(test.failureMessages[0])}`),
      ...broken.map((file) => `${relative(root, file.name)}: ${beginning(file.message)}`),
    ],
  }
}

/** The first lines of a message, on one. */
function beginning(message = '') {
  return message.split('\n').slice(0, 3).join(' ').slice(0, 400)
}
