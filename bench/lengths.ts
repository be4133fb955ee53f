import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {availableParallelism, cpus} from 'node:os'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {isFailure, runChild} from './child.js'
import {type MeasuredRow, writeLengths} from './lengths-page.js'
import {type LengthsMeasurement, lengthsRows} from './lengths-rows.js'
import {prepareModel} from './models.js'
import {at} from './paths.js'

/**
 * Memory and time of GRPO steps at real lengths, estimate beside measurement, each in a process of its own.
 * `tsx bench/lengths.ts [--only PART-OF-A-NAME] [--out DIR] [--note TEXT]`; writes lengths.json, in which rows that are not
 * measured stay, LENGTHS.md and lengths-memory.svg. The note says what else went on, and stands below the table.
 */

const {values: options} = parseArgs({
  options: {only: {type: 'string', default: ''}, out: {type: 'string', default: at()}, note: {type: 'string'}},
})
const machine = `${cpus()[0].model.trim()}, ${vectorsOf(readFileSync('/proc/cpuinfo', 'utf8'))}`
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
  found.set(row.name, {
    ...row,
    ...measured,
    machine,
    date: new Date().toISOString(),
    ...(options.note && {note: options.note}),
  })
  writeFileSync(stored, `${JSON.stringify([...found.values()], null, 1)}\n`)
}
process.stdout.write(await writeLengths([...found.values()], options.out))

/** The widest vectors that products are computed in. */
function vectorsOf(processor: string): string {
  return processor.includes('avx512f') ? 'AVX-512' : 'AVX2'
}
