import {writeFileSync} from 'node:fs'
import {availableParallelism} from 'node:os'
import {parseArgs} from 'node:util'
import {isFailure, runChild} from './child.js'
import {type LengthsMeasurement, type LengthsRow, lengthsRows} from './lengths-rows.js'
import {prepareModel} from './models.js'
import {at} from './paths.js'

/**
 * Memory and time of GRPO steps at real lengths, estimate beside measurement, each in a process of its own.
 * `tsx bench/lengths.ts [--only PART-OF-A-NAME] [--out FILE]`; writes `lengths.json`.
 */

const {values: options} = parseArgs({
  options: {only: {type: 'string', default: ''}, out: {type: 'string', default: at('lengths.json')}},
})
const threads = Math.min(2, availableParallelism())
const found: (LengthsRow & LengthsMeasurement)[] = []
for (const row of lengthsRows.filter(({name}) => name.includes(options.only))) {
  const checkpoint = await prepareModel(row.model)
  const measured = await runChild<LengthsMeasurement>('ours', 'lengths-step', {row, checkpoint, threads}, '')
  if (isFailure(measured)) {
    process.stderr.write(`${row.name}: ${measured.failure}\n`)
    process.exitCode = 1
    continue
  }
  found.push({...row, ...measured})
  process.stdout.write(`${describe({...row, ...measured})}\n`)
}
writeFileSync(options.out, `${JSON.stringify({date: new Date().toISOString(), threads, rows: found}, null, 1)}\n`)

function describe(row: LengthsRow & LengthsMeasurement): string {
  const {name, groupSize, estimatedBytes, peakBytes, sampleSeconds, updateSeconds, mismatch, goalGiB} = row
  const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(2)
  const ratio = (estimatedBytes / peakBytes).toFixed(3)
  const goal = goalGiB === undefined ? '' : `, goal ${goalGiB}`
  return (
    `${name} x ${groupSize}: peak ${gib(peakBytes)} GiB${goal}, estimate ${gib(estimatedBytes)} (${ratio}); ` +
    `sampling ${sampleSeconds.toFixed(1)} s, update ${updateSeconds.toFixed(1)} s, mismatch ${mismatch}`
  )
}
