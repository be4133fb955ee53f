import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {availableParallelism} from 'node:os'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {isFailure, runChild} from './child.js'
import {type MeasuredRow, writeLengths} from './lengths-page.js'
import {type LengthsMeasurement, lengthsRows} from './lengths-rows.js'
import {prepareModel} from './models.js'
import {at} from './paths.js'

/**
 * Memory and time of GRPO steps at real lengths, estimate beside measurement, each in a process of its own.
 * `tsx bench/lengths.ts [--only PART-OF-A-NAME] [--out DIR]`; writes lengths.json, in which rows that are not measured stay,
 * LENGTHS.md and lengths-memory.svg.
 */

const {values: options} = parseArgs({
  options: {only: {type: 'string', default: ''}, out: {type: 'string', default: at()}},
})
const threads = Math.min(2, availableParallelism())
const stored = join(options.out, 'lengths.json')
const found = new Map<string, MeasuredRow>()
if (existsSync(stored))
  for (const row of JSON.parse(readFileSync(stored, 'utf8')) as MeasuredRow[]) found.set(row.name, row)
for (const row of lengthsRows.filter(({name}) => name.includes(options.only))) {
  process.stderr.write(`${row.name}\n`)
  const checkpoint = await prepareModel(row.model)
  const measured = await runChild<LengthsMeasurement>('ours', 'lengths-step', {row, checkpoint, threads}, '', 180)
  if (isFailure(measured)) {
    process.stderr.write(`${row.name}: ${measured.failure}\n`)
    process.exitCode = 1
    continue
  }
  found.set(row.name, {...row, ...measured, date: new Date().toISOString()})
  writeFileSync(stored, `${JSON.stringify([...found.values()], null, 1)}\n`)
}
process.stdout.write(await writeLengths([...found.values()], options.out))
