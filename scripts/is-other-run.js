/** Whether a command refuses to go on with the run in its `--out` because that was begun with other settings or inputs. */
import {spawnSync} from 'node:child_process'
import {root} from './ensure-ready.js'

/** What only that refusal suggests to who gave --resume. */
const advice = 'give --overwrite to start again'

/**
 * Asks the command itself, which changes nothing.
 *
 * @param args of `rpt`, without --resume
 */
export function isOtherRun(args) {
  const rehearsal = [...args, '--resume', '--dry-run', '--json']
  const {stdout} = spawnSync(process.execPath, ['bin/run.js', ...rehearsal], {cwd: root, encoding: 'utf8'})
  return JSON.parse(stdout).error?.suggestions.includes(advice) === true
}
