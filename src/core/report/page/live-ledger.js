// Part of a page's script: the table of a ledger.
import {make} from './dom.js'
import {ledgerCells, ledgerRows, placeOf} from './ledger-filter.js'

/** @typedef {import('./ledger-filter.js').LedgerEntry} LedgerEntry */

const rowsAtOnce = 12

/** Makes the tables of every ledger answer to what is chosen above them. */
export function startLedgers() {
  for (const view of document.querySelectorAll('.ledger')) startLedger(view)
}

/** @param {Element} view */
function startLedger(view) {
  const form = view.querySelector('form')
  const data = view.querySelector('script')
  const table = view.querySelector('.items table')
  const count = view.querySelector('output')
  const more = view.querySelector('button')
  if (!form || !data || !(table instanceof HTMLTableElement) || !count || !more) return
  /** @type {LedgerEntry[]} */
  const entries = JSON.parse(data.textContent ?? '[]')
  const columns = Array.from(table.querySelectorAll('thead th'), ({textContent}) => textContent ?? '')
  let limit = rowsAtOnce
  const show = () => {
    const asked = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]))
    const found = ledgerRows(entries, /** @type {any} */ ({split: '', ...asked}))
    count.textContent = `${found.length} of ${entries.length} items`
    table.tBodies[0].replaceChildren(...found.slice(0, limit).map((entry) => rowOf(entry, columns)))
    more.hidden = found.length <= limit
    more.textContent = `Show ${Math.min(4 * rowsAtOnce, found.length - limit)} more of ${found.length}`
  }
  form.addEventListener('input', () => {
    limit = rowsAtOnce
    show()
  })
  form.addEventListener('submit', (event) => event.preventDefault())
  more.addEventListener('click', () => {
    const first = limit
    limit += 4 * rowsAtOnce
    show()
    table.tBodies[0].rows[first].querySelector('a')?.focus()
  })
  form.hidden = false
  show()
}

/** @param {LedgerEntry} entry @param {readonly string[]} columns */
function rowOf(entry, columns) {
  const link = make('a', '', [entry.item])
  link.setAttribute('href', '#rollouts')
  link.dataset.find = entry.item
  const name = make('th', '', [link, make('small', '', [placeOf(entry)])])
  name.setAttribute('scope', 'row')
  const cells = ledgerCells(entry).map((text, i) => {
    const cell = make('td', 'plain', [text])
    cell.dataset.column = columns[i + 1]
    return cell
  })
  return make('tr', '', [name, ...cells])
}
