import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {LedgerWay} from '../records/records.js'
import {ledgerFile} from '../training/ledger.js'
import {UsageError} from '../util/errors.js'
import {contextLength, highestRows, type InspectOptions, matchesPosition} from './choose-rows.js'
import {readPlaces} from './contexts.js'
import type {LedgerInspection} from './inspection.js'
import {describeLedger, ledgerItems, readLedger} from './ledger.js'
import {ways} from './page/ledger-filter.js'
import {type RunFolder, settingOf} from './read-run.js'

/**
 * Looks at the training items of a run that were drawn and went a certain way, those drawn most first.
 *
 * @throws {UsageError} where a difficulty is asked for and the run is not complete, so that it has no `ledger.arrow` to tell
 */
export function inspectLedger(run: RunFolder, way: LedgerWay, options: InspectOptions): LedgerInspection {
  if (options.difficulty !== undefined && !existsSync(join(run.path, ledgerFile)))
    throw new UsageError(
      `inspect: --difficulty ${options.difficulty} of the ledger needs ${ledgerFile}; ${run.path} has none`,
      {suggestions: ['complete the run with rpt train --resume, or leave --difficulty out']},
    )
  const {summary} = readLedger(run.path)
  let matching = 0
  function* asked() {
    for (const row of ledgerItems(run.path)) {
      const at = row.item.lastIndexOf('@')
      const key = {doc_id: row.item.slice(0, at), position: Number(row.item.slice(at + 1)), difficulty: row.split}
      const wentSo = row.drawn > 0 && (way === 'drawn' || ways[way](row))
      if (!wentSo || !matchesPosition(key, options)) continue
      matching++
      yield {...row, ...key}
    }
  }
  const shown = highestRows(asked(), ({drawn}) => drawn, options.rows)
  const placeOf = readPlaces(settingOf(run, 'data.dir'), shown, contextLength)
  const rows = shown.map((row) => {
    const {doc_id, position, drawn, with_signal, completions, correct, last_step} = row
    const {context, byte} = placeOf(row) ?? {context: null, byte: null}
    return {
      ...{doc_id, position, difficulty: row.difficulty || null, context, byte},
      ...{drawn, with_signal, completions, correct, last_step},
    }
  })
  return {kind: 'ledger', path: run.path, ledger: summary, diagnosis: describeLedger(summary), matching, rows}
}
