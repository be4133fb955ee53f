import {percent, short} from './format.js'
import {dataBlock, type Html, html, htmlTable, section, select} from './html.js'
import {describeLedger, type LedgerSums} from './ledger.js'
import {type LedgerEntry, ledgerCells, ledgerRows, orders, placeOf, ways} from './page/ledger-filter.js'
import type {RolloutSample} from './rollout-sample.js'
import type {Table} from './tables.js'

/** Items that a page without its script lists of a run. */
const mostItems = 12

/** How often the training items were drawn and how they went: by split, and those of the page, to be filtered and sorted. */
export function ledgerSection(samples: readonly RolloutSample[]): Html {
  return section(
    'ledger',
    'Ledger of the training items',
    samples.map((sample) => {
      const {run, ledger} = sample
      const entries = entriesOf(sample)
      const splits = [...new Set(entries.map(({split}) => split))]
      return html`<div class="ledger" data-run="${run.name}"><h3>${run.name}</h3>
${describeLedger(ledger.summary).map((sentence) => html`<p>${sentence}</p>\n`)}
${ledger.splits.size > 1 && htmlTable(splitTable(ledger.splits))}
<form class="choices" aria-label="choose items of the ledger" hidden>
${select('way', 'items', Object.keys(ways))}
${splits.length > 1 && select('split', 'split', splits)}
<label>first <select name="order">${Object.keys(orders).map((name) => html`<option>${name}</option>`)}</select></label>
<output></output>
</form>
<div class="items">${htmlTable(itemTable(entries))}</div><button type="button" hidden></button>
${dataBlock(entries)}</div>`
    }),
  )
}

/** The items whose rollouts are on the page. */
function entriesOf({groups, ledger}: RolloutSample): LedgerEntry[] {
  const groupOf = new Map(groups.map((group) => [`${group.doc}@${group.position}`, group]))
  return Array.from(ledger.items.values(), ({item, split, drawn, with_signal, completions, correct, last_step}) => ({
    ...{item, split: split || (groupOf.get(item)?.split ?? ''), byte: groupOf.get(item)?.byte ?? null},
    ...{drawn, with_signal, completions, correct, last_step},
  }))
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
    note: 'Each item counts once, under its hardest split. The last four columns are of the items that were drawn. No signal: the rewards of its groups never differed.',
  }
}

/** The first items in the first order, as the script shows them. */
function itemTable(entries: readonly LedgerEntry[]): Table {
  const [order] = Object.keys(orders)
  return {
    title: 'Items of the page',
    columns: ['document@position', 'split', 'drawn', 'completions right', 'groups with signal', 'last step'],
    rows: ledgerRows(entries, {way: '', split: '', order})
      .slice(0, mostItems)
      .map((entry) => [
        {text: entry.item, find: entry.item, detail: placeOf(entry)},
        ...ledgerCells(entry).map((text) => ({text})),
      ]),
    note: `Of the ${entries.length} items whose rollouts are on this page. A name leads to its rollouts below; the byte is where it starts in its document. ledger.arrow has all items, and rpt inspect RUN --ledger lists them.`,
  }
}
