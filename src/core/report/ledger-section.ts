import {percent, short} from './format.js'
import {type Html, html, htmlTable, section} from './html.js'
import {describeLedger, type LedgerItem, type LedgerSums} from './ledger.js'
import type {RolloutSample} from './rollout-sample.js'
import type {Table} from './tables.js'

/** Items that a page lists of a run. */
const mostItems = 12

/** How often the training items were drawn and how they went: by split, and those of the page that were drawn most. */
export function ledgerSection(samples: readonly RolloutSample[]): Html {
  return section(
    'ledger',
    'Ledger of the training items',
    samples.map(({run, ledger}) => {
      const items = [...ledger.items.values()].sort(mostDrawnFirst).slice(0, mostItems)
      return html`<h3>${run.name}</h3>
${describeLedger(ledger.summary).map((sentence) => html`<p>${sentence}</p>\n`)}
${ledger.splits.size > 1 && htmlTable(splitTable(ledger.splits))}
${htmlTable(itemTable(items, ledger.items.size))}`
    }),
  )
}

/** Then those that were right least. */
function mostDrawnFirst(one: LedgerItem, other: LedgerItem): number {
  return other.drawn - one.drawn || one.correct / one.completions - other.correct / other.completions
}

function splitTable(splits: ReadonlyMap<string, LedgerSums>): Table {
  return {
    title: 'Items by split',
    columns: ['split', 'items', 'drawn, %', 'draws of each', 'always right, %', 'never right, %', 'no signal, %'],
    rows: [...splits].map(([split, {items, drawn, draws, always_right, never_right, without_signal}]) => [
      {text: split},
      {text: String(items)},
      {text: percent(drawn / items)},
      {text: drawn > 0 ? short(draws / drawn) : '-'},
      ...[always_right, never_right, without_signal].map((count) => ({text: drawn > 0 ? percent(count / drawn) : '-'})),
    ]),
    note: 'The last four columns are of the items that were drawn. No signal: the rewards of its groups never differed.',
  }
}

function itemTable(items: readonly LedgerItem[], count: number): Table {
  return {
    title: 'Items drawn most',
    columns: ['document@position', 'drawn', 'completions right', 'groups with signal', 'last step'],
    rows: items.map(({item, drawn, completions, correct, with_signal, last_step}) => [
      {text: item, find: item},
      {text: String(drawn)},
      {text: `${correct} of ${completions}`},
      {text: `${with_signal} of ${drawn}`},
      {text: String(last_step)},
    ]),
    note: `Of the ${count} items whose rollouts are on this page. A name leads to its rollouts below. ledger.arrow has all items.`,
  }
}
