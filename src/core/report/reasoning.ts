import {patternNames, patterns} from '../analysis/patterns.js'
import {openingWords, ResponseTally} from '../analysis/response-tally.js'
import {relativeChange} from '../statistics/relative-change.js'
import {pickColumns, predictionsTable, readRows} from '../tables/index.js'
import {percent, points} from './format.js'
import {type Html, html, htmlTable, section} from './html.js'
import {keptPredictions} from './read-run.js'
import type {Result} from './results.js'
import {type Cell, intervalsOf, type Table} from './tables.js'

/** A line of the results that thinks, and the responses behind it. */
export interface Reasoning {
  readonly result: Result
  readonly tally: ResponseTally
}

const columns = pickColumns(predictionsTable, 'mode', 'sample', 'completion_text', 'cluster')
const nothing: Cell = {text: '-', tone: 'muted'}
/** Characters of a text that stand in a cell. */
const shownLength = 40

/** Reads the greedy responses of every line in mode reasoning; lines whose responses were not kept are left out. */
export function collectReasoning(results: readonly Result[]): Reasoning[] {
  return results
    .filter(({mode}) => mode === 'reasoning')
    .map((result) => ({result, tally: tallyOf(result)}))
    .filter(({tally}) => tally.responses > 0)
}

function tallyOf({run, subject, step, mode}: Result): ResponseTally {
  const tally = new ResponseTally()
  const file = keptPredictions(run.path, subject, step)
  for (const row of file ? readRows(file, columns) : [])
    if (row.mode === mode && row.sample === 0 && row.completion_text !== null)
      tally.add({cluster: row.cluster, text: row.completion_text})
  return tally
}

/** What responses look like: patterns of reasoning and their change from the base, lengths and repetitions of thoughts. */
export function reasoningTables(reasonings: readonly Reasoning[]): Table[] {
  const changes = changeTable(reasonings)
  return reasonings.length === 0
    ? []
    : [patternTable(reasonings), ...(changes ? [changes] : []), thoughtTable(reasonings)]
}

/** The same as a section of the page. */
export function reasoningSection(reasonings: readonly Reasoning[]): Html {
  const meanings = patternNames.map(
    (name) => html`<li>${name}: ${patterns[name].meaning} (${patterns[name].keywords.join('; ')})</li>`,
  )
  const list = html`<details><summary>Keywords of the patterns</summary><ul>${meanings}</ul></details>`
  const tables = reasoningTables(reasonings).map(htmlTable)
  return section('thoughts', 'Thoughts', tables.length > 0 ? [...tables, list] : [])
}

/** All but the first, the last first: a narrow terminal has no room for as many columns. */
const lastPatterns = patternNames.slice(1).reverse()

/** Figure 6: the share of responses that hold a keyword of each pattern. */
function patternTable(reasonings: readonly Reasoning[]): Table {
  const rows = reasonings.map(({result, tally}) => [
    {text: result.label},
    ...patternNames.map((name): Cell => {
      const {accuracy, ciLow, ciHigh} = tally.shareOf(name, {seed: result.seed})
      return {text: percent(accuracy), detail: range(ciLow, ciHigh, percent)}
    }),
  ])
  return {
    title: 'Patterns of reasoning, % of responses',
    columns: ['model and mode', ...patternNames],
    rows,
    note:
      'Greedy responses, thought and answer, that hold a keyword of the pattern as a whole word, in either case. Brackets: ' +
      '95% bootstrap over documents. A keyword may be of the text that is predicted: words do not prove a way to think.',
    spare: [...intervalsOf(patternNames), ...lastPatterns],
  }
}

/** Relative changes from what training started from, on the same benchmark; null where there is nothing to compare. */
function changeTable(reasonings: readonly Reasoning[]): Table | null {
  const pairs = reasonings
    .filter(({result}) => result.taught !== 'nothing')
    .flatMap((subject) => {
      const {seed, benchmark} = subject.result
      const isBase = ({result}: Reasoning) =>
        result.taught === 'nothing' && result.seed === seed && result.benchmark === benchmark
      return reasonings.filter(isBase).map((base) => ({subject, base}))
    })
  const rows = pairs.map(({subject, base}) => [
    {text: subject.result.label, detail: `against ${base.result.label}`},
    ...patternNames.map((name): Cell => {
      const options = {seed: subject.result.seed}
      const {change, ciLow, ciHigh} = relativeChange(base.tally.scoresOf(name), subject.tally.scoresOf(name), options)
      return change === null ? nothing : {text: points(change), detail: range(ciLow, ciHigh, points)}
    }),
  ])
  if (rows.every(([, ...cells]) => cells.every((cell) => cell === nothing))) return null
  return {
    title: 'Change of the patterns, % of the share before',
    columns: ['after against before', ...patternNames],
    rows,
    note: 'A dash: no response showed the pattern before. No bracket: too few did.',
    spare: [...intervalsOf(patternNames), 'after against before details', ...lastPatterns],
  }
}

/** Lengths and repetitions: reward can be won with a template in place of a thought. */
function thoughtTable(reasonings: readonly Reasoning[]): Table {
  const rows = reasonings.map(({result, tally}) => {
    const {responses, words, empty, commonest, opening} = tally.facts()!
    return [
      {text: result.label},
      {text: String(responses)},
      {text: words.toFixed(1)},
      {text: percent(empty)},
      {text: percent(commonest.share), detail: quoted(commonest.text)},
      {text: percent(opening.share), detail: quoted(opening.text)},
    ]
  })
  return {
    title: 'Thoughts: length and repetition',
    columns: ['model and mode', 'responses', 'words, mean', 'empty, %', 'same thought, %', 'same opening, %'],
    rows,
    note:
      `What stands before </think>, all of a response without it. Same thought, same opening: the share of the most ` +
      `frequent thought, and of its first ${openingWords} words.`,
    spare: ['same opening, % details', 'same thought, % details', 'responses', 'empty, %', 'words, mean'],
  }
}

function quoted(text: string): string {
  return JSON.stringify(text.length > shownLength ? `${text.slice(0, shownLength)}…` : text)
}

function range(low: number, high: number, format: (value: number) => string): string | undefined {
  return Number.isFinite(low) && Number.isFinite(high) ? `[${format(low)}, ${format(high)}]` : undefined
}
