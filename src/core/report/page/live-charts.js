// Part of a page's script: hover, zoom and keys of the charts.
import {colorOf, curveKey, drawChart, layoutOf, stepsOf, xAt, yAt} from './chart.js'
import {make} from './dom.js'
import {digits} from './scale.js'
import {draggedSteps, leastSpan, nearestSeen, nearestStep, nextStep, stepAt, withinField, zoomed} from './zoom.js'

/** @typedef {import('./chart.js').Chart} Chart */

/** Makes every chart of the page answer to pointer and keys. */
export function startCharts() {
  for (const figure of document.querySelectorAll('figure.chart')) {
    const data = figure.querySelector('script')
    if (data && figure instanceof HTMLElement) new LiveChart(figure, JSON.parse(data.textContent ?? ''))
  }
  for (const figure of document.querySelectorAll('figure.strips, figure.marks'))
    if (figure instanceof HTMLElement) startMarks(figure)
}

class LiveChart {
  /** @param {HTMLElement} figure @param {Chart} chart */
  constructor(figure, chart) {
    this.figure = figure
    this.chart = chart
    this.whole = stepsOf(chart)
    this.least = leastSpan(chart)
    /** @type {readonly [number, number]} */
    this.range = this.whole
    this.height = Number(figure.dataset.height)
    /** @type {number | null} */
    this.cursor = null
    /** @type {number | null} */
    this.dragStart = null
    this.canvas = /** @type {HTMLElement} */ (figure.querySelector('.canvas'))
    this.overlay = make('div', 'overlay')
    this.tip = make('div', 'tip')
    this.tip.setAttribute('role', 'status')
    this.canvas.append(this.overlay, this.tip)
    this.width = 0
    new ResizeObserver(() => this.resize()).observe(this.canvas)
    this.listen()
  }

  listen() {
    const {canvas, figure} = this
    canvas.addEventListener('pointermove', (event) => this.move(this.placeOf(event)))
    canvas.addEventListener('pointerleave', () => this.point(null))
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return
      this.dragStart = this.placeOf(event)
      canvas.setPointerCapture(event.pointerId)
    })
    canvas.addEventListener('pointerup', (event) => this.drop(this.placeOf(event)))
    canvas.addEventListener('pointercancel', () => this.drop(null))
    canvas.addEventListener('dblclick', () => this.show(this.whole))
    canvas.addEventListener(
      'wheel',
      (event) => {
        // A page that is scrolled past a chart goes on scrolling: a chart takes the wheel once it is clicked or reached by Tab.
        if (document.activeElement !== figure && !event.ctrlKey) return
        event.preventDefault()
        this.zoom(stepAt(this.layout(), this.placeOf(event)), 2 ** (event.deltaY / 300))
      },
      {passive: false},
    )
    figure.addEventListener('keydown', (event) => {
      if (event.target === figure && !event.ctrlKey && !event.metaKey && !event.altKey && this.press(event.key))
        event.preventDefault()
    })
    figure.addEventListener('blur', () => this.point(null))
  }

  /** @param {MouseEvent} event */
  placeOf(event) {
    return event.clientX - this.canvas.getBoundingClientRect().left
  }

  layout() {
    return layoutOf(this.chart, {width: this.width, height: this.height, range: this.range})
  }

  resize() {
    const width = Math.floor(this.canvas.clientWidth)
    if (width === this.width || width === 0) return
    this.width = width
    this.draw()
  }

  draw() {
    this.canvas.querySelector('svg')?.remove()
    const view = {width: this.width, height: this.height, range: this.range}
    this.canvas.insertAdjacentHTML('afterbegin', drawChart(this.chart, view))
    this.figure.dataset.range = this.range.map(digits).join(' to ')
    this.point(this.cursor)
  }

  /** @param {readonly [number, number]} range */
  show(range) {
    this.range = range
    this.draw()
  }

  /** @param {number} about @param {number} factor */
  zoom(about, factor) {
    this.show(zoomed(this.range, this.whole, about, factor, this.least))
  }

  /** @param {number} place */
  move(place) {
    const layout = this.layout()
    if (this.dragStart === null) return this.point(stepAt(layout, place))
    const ends = [this.dragStart, place].map((end) => withinField(layout, end))
    Object.assign(this.overlay.style, {left: `${Math.min(...ends)}px`, width: `${Math.abs(ends[1] - ends[0])}px`})
    this.overlay.classList.add('brush')
  }

  /** @param {number | null} place */
  drop(place) {
    const start = this.dragStart
    this.dragStart = null
    this.overlay.classList.remove('brush')
    const dragged = start === null || place === null ? null : draggedSteps(this.layout(), [start, place])
    if (dragged) this.show(zoomed(dragged, this.whole, (dragged[0] + dragged[1]) / 2, 1, this.least))
  }

  /** @param {string} key @returns {boolean} whether the key does something here */
  press(key) {
    const [low, high] = this.range
    const about = this.cursor ?? (low + high) / 2
    const moves = {
      ArrowLeft: () => this.walk(-1),
      ArrowRight: () => this.walk(1),
      Home: () => this.point(low),
      End: () => this.point(high),
      '+': () => this.zoom(about, 0.5),
      '=': () => this.zoom(about, 0.5),
      '-': () => this.zoom(about, 2),
      Escape: () => this.show(this.whole),
      0: () => this.show(this.whole),
    }
    const move = Object.entries(moves).find(([name]) => name === key)
    move?.[1]()
    return move !== undefined
  }

  /** Moves the cursor to the next step that any curve has, and what is seen with it. @param {number} direction */
  walk(direction) {
    const next = nextStep(this.chart, this.range, this.cursor, direction)
    if (next === null) return
    const [low, high] = this.range
    if (next > high) this.show([next - (high - low), next])
    if (next < low) this.show([next, next + (high - low)])
    this.point(next)
  }

  /** Shows the values at a step, or hides them. @param {number | null} step */
  point(step) {
    const shown = step === null ? null : nearestSeen(this.chart, this.range, step)
    this.cursor = shown
    for (const dot of this.canvas.querySelectorAll('.dot, .rule')) dot.remove()
    this.tip.hidden = shown === null
    if (shown === null) return
    const layout = this.layout()
    const here = this.chart.curves
      .map((curve) => ({...curve, at: nearestStep(curve.steps, shown)}))
      .filter(({steps, at}) => steps[at] === shown)
    const x = xAt(layout, shown)
    const rule = make('div', 'rule')
    Object.assign(rule.style, {left: `${x}px`, top: `${layout.top}px`, height: `${layout.bottom - layout.top}px`})
    const dots = here.map(({values, at, color}) => {
      const dot = make('div', 'dot')
      Object.assign(dot.style, {left: `${x}px`, top: `${yAt(layout, values[at])}px`, background: colorOf(color)})
      return dot
    })
    this.canvas.append(rule, ...dots)
    const lines = here.map(({name, values, trend, at, color}) => {
      const line = make('div')
      const key = make('i', 'key')
      key.style.borderTop = curveKey(color)
      line.append(key, `${name}: ${digits(values[at])} (trend ${digits(trend[at])})`)
      return line
    })
    this.tip.replaceChildren(`step ${shown}`, ...lines)
    placeTip(this.tip, x, layout.top, this.width)
  }
}

/**
 * Shows the numbers of a drawn figure's marks while the pointer is over them; arrow keys go from one to the next.
 *
 * @param {HTMLElement} figure
 */
function startMarks(figure) {
  const marks = [...figure.querySelectorAll('.mark, [aria-roledescription=point]')]
  const tip = figure.appendChild(make('div', 'tip'))
  tip.setAttribute('role', 'status')
  tip.hidden = true
  figure.tabIndex = 0
  let at = 0
  const show = () => {
    tip.textContent = marks[at].getAttribute('aria-label')
    tip.hidden = false
    const [own, all] = [marks[at], figure].map((one) => one.getBoundingClientRect())
    placeTip(tip, own.left - all.left, own.bottom - all.top + 6, all.width)
  }
  const hide = () => {
    tip.hidden = true
  }
  for (const [index, mark] of marks.entries()) {
    mark.addEventListener('pointerenter', () => {
      at = index
      show()
    })
    mark.addEventListener('pointerleave', hide)
  }
  figure.addEventListener('keydown', ({key}) => {
    if (key !== 'ArrowLeft' && key !== 'ArrowRight') return
    if (!tip.hidden) at = (at + (key === 'ArrowRight' ? 1 : -1) + marks.length) % marks.length
    show()
  })
  figure.addEventListener('blur', hide)
}

/** Beside a place, on the side with more room. @param {HTMLElement} tip @param {number} x @param {number} y @param {number} width */
function placeTip(tip, x, y, width) {
  const isRight = x < width / 2
  Object.assign(tip.style, {
    top: `${y}px`,
    left: isRight ? `${x + 12}px` : 'auto',
    right: isRight ? 'auto' : `${width - x + 12}px`,
    maxWidth: `${Math.max(120, (isRight ? width - x : x) - 14)}px`,
  })
}
