// Part of a page's script: the browser of rollouts.
import {cellsOf, fromHex, sharedBytes} from './bytes.js'
import {inspectCommands} from './commands.js'
import {make} from './dom.js'
import {matching} from './filter.js'
import {readable} from './readable.js'
import {digits} from './scale.js'

/** @typedef {import('./filter.js').SampledGroup} SampledGroup */
/** @typedef {import('./filter.js').SampledCompletion} SampledCompletion */

const groupsAtOnce = 60

/** Lists the rollouts of the page and answers to the filters above them. */
export function startRollouts() {
  const form = document.querySelector('form.filters')
  const data = document.querySelector('#rollouts > script')
  const list = document.querySelector('.groups')
  const count = document.querySelector('.filters output')
  const more = document.querySelector('button.more')
  if (!(form instanceof HTMLFormElement) || !data || !list || !count || !(more instanceof HTMLButtonElement)) return
  /** @type {SampledGroup[]} */
  const groups = JSON.parse(data.textContent ?? '[]')
  const total = groups.reduce((sum, {completions}) => sum + completions.length, 0)
  let limit = groupsAtOnce
  const show = () => {
    const query = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]))
    const found = matching(groups, /** @type {any} */ ({run: '', ...query}))
    const completions = found.reduce((sum, {shown}) => sum + shown.length, 0)
    count.textContent = `${completions} of ${total} completions, at ${found.length} of ${groups.length} positions`
    list.replaceChildren(...found.slice(0, limit).map(groupView))
    more.hidden = found.length <= limit
    more.textContent = `Show ${Math.min(groupsAtOnce, found.length - limit)} more of ${found.length}`
  }
  const restart = () => {
    limit = groupsAtOnce
    show()
  }
  form.addEventListener('input', restart)
  form.addEventListener('submit', (event) => event.preventDefault())
  form.addEventListener('reset', () => setTimeout(restart))
  more.addEventListener('click', () => {
    const first = limit
    limit += groupsAtOnce
    show()
    list.children[first].querySelector('summary')?.focus()
  })
  document.addEventListener('click', ({target}) => {
    const link = target instanceof Element ? target.closest('a[data-find]') : null
    if (!link) return
    form.reset()
    const [text, run] = [form.elements.namedItem('text'), form.elements.namedItem('run')]
    if (text instanceof HTMLInputElement) text.value = link.getAttribute('data-find') ?? ''
    if (run instanceof HTMLSelectElement) run.value = link.closest('[data-run]')?.getAttribute('data-run') ?? ''
    // Behind the reset, which lists everything.
    setTimeout(restart)
  })
  restart()
}

/** A position, and its completions once it is opened. @param {{group: SampledGroup, shown: SampledCompletion[]}} found */
function groupView({group, shown}) {
  const {completions, context, boundaries} = group
  const right = completions.filter(({correct}) => correct).length
  const truth = fromHex(group.truth)
  const next = new TextDecoder().decode(truth.subarray(0, boundaries[0] ?? truth.length))
  const view = make('details', 'group')
  const summary = make('summary', '', [
    make('span', right > 0 ? 'tag won' : 'tag', [`${right} of ${completions.length} right`]),
    make('span', 'note', [`step ${group.step}${group.split ? `, ${group.split}` : ''} `]),
    make('code', '', [readable(context), make('b', '', [readable(next)])]),
  ])
  view.append(summary)
  view.addEventListener('toggle', () => {
    if (view.childElementCount > 1) return
    const start = group.byte === null ? '' : ` (byte ${group.byte} of the document)`
    const where = `${group.run}, step ${group.step}: ${group.doc}, position ${group.position}${start}`
    const left = shown.length < completions.length ? `; ${shown.length} of ${completions.length} completions match` : ''
    const commands = inspectCommands(group).flatMap(({command, shows}, i) => [
      ...(i > 0 ? [', '] : []),
      make('code', '', [command]),
      ` ${shows}`,
    ])
    const whole = group.ledger === '' ? '' : ` In the whole run: ${group.ledger}.`
    view.append(make('p', 'note', [`${where}${left}.${whole}`]))
    view.append(make('p', 'note', [...commands, '.']))
    const line = byteLine(truth, new Set(boundaries), {shared: 0, rest: ''})
    view.append(make('div', 'bytes', [make('span', 'note', ['what follows']), line]))
    view.append(...shown.map((one) => completionView(one, truth, boundaries)))
  })
  return view
}

/** @param {SampledCompletion} one @param {Uint8Array} truth @param {readonly number[]} boundaries */
function completionView(one, truth, boundaries) {
  const terms = Object.entries(one.parts)
  const parts = terms.length > 1 ? ` (${terms.map(([name, value]) => `${name} ${digits(value)}`).join(', ')})` : ''
  const numbers = `reward ${digits(one.reward)}${parts}, advantage ${digits(one.advantage)}, ${one.tokens} tokens`
  const prediction = one.prediction === null ? null : fromHex(one.prediction)
  const shared = prediction === null ? 0 : sharedBytes(prediction, truth)
  const seen = seenTruth(truth, boundaries, prediction?.length ?? 0)
  const rows = [
    make('span', 'note', ['truth']),
    byteLine(seen, new Set(boundaries), {shared, rest: ''}, seen.length < truth.length),
    make('span', 'note', ['predicted']),
    prediction === null
      ? make('span', 'note', ['nothing'])
      : byteLine(prediction, new Set(boundaries.filter((end) => end <= shared)), {shared, rest: 'differs'}),
  ]
  return make('div', 'completion', [
    make('p', '', [
      make('span', one.correct ? 'tag won' : 'tag', [one.correct ? 'right' : one.outcome]),
      `sample ${one.sample}: ${numbers}`,
    ]),
    make('div', 'bytes', rows),
    make('p', 'note', [one.explanation]),
    make('pre', '', [readable(one.text)]),
  ])
}

/**
 * As much of the truth as a prediction may be compared with, and a token more.
 *
 * @param {Uint8Array} truth @param {readonly number[]} boundaries @param {number} length of the prediction
 */
function seenTruth(truth, boundaries, length) {
  const next = boundaries.findIndex((end) => end >= length)
  return next < 0 ? truth : truth.subarray(0, boundaries[next + 1] ?? truth.length)
}

/**
 * Bytes in a row, with a mark where a token of the truth ends.
 *
 * @param {Uint8Array} bytes
 * @param {ReadonlySet<number>} ends
 * @param {{shared: number, rest: string}} look bytes that both have, and what the others are marked as
 * @param {boolean} isCut whether more follows
 */
function byteLine(bytes, ends, {shared, rest}, isCut = false) {
  const cells = cellsOf(bytes).flatMap(({text, start, end, isPlain}) => {
    const cell = make('span', `${end <= shared ? 'same' : rest}${isPlain ? '' : ' sign'}`, [text])
    const numbers = Array.from(bytes.subarray(start, end), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
    cell.title = `byte ${start}: ${numbers}`
    if (!ends.has(end)) return [cell]
    const mark = make('i', 'end', ['|'])
    mark.title = `a token ends after byte ${end - 1}`
    return [cell, mark]
  })
  return make('code', '', isCut ? [...cells, make('span', 'sign', ['\u2026'])] : cells)
}
