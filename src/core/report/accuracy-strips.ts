import {maxOf} from '../util/extremes.js'
import {type AccuracyRow, inPercent} from './figures.js'
import {type Html, html} from './html.js'
import {colorOf} from './page/chart.js'
import {ticks} from './page/scale.js'

/** Accuracies with their intervals as strips: one for each model and mode, one colour for each split, as wide as the page. */
export function accuracyStrips(rows: readonly AccuracyRow[]): Html {
  const splits = [...new Set(rows.flatMap((row) => Object.keys(row.splits)))]
  const cells = rows.flatMap((row) => Object.values(row.splits).map(inPercent))
  const end = Math.min(100, 1.04 * maxOf(cells.flatMap(({y, high}) => [y, high]))) || 1
  const at = (value: number) => `${((100 * value) / end).toFixed(2)}%`
  const marks = ticks(0, end, 6)
  const strip = ({name, splits: own}: AccuracyRow) => {
    const lines = splits.flatMap((split, color) => {
      if (!own[split]) return []
      const {y, low, high} = inPercent(own[split])
      const label = `${name}, ${split}: ${y.toFixed(1)}% [${low.toFixed(1)}, ${high.toFixed(1)}]`
      const span = `left: ${at(low)}; width: ${at(high - low)}; background: ${colorOf(color)}`
      return html`<div class="line"><span class="span" style="${span}"></span><span class="mark" role="img" aria-label="${label}" style="left: ${at(y)}; background: ${colorOf(color)}"></span></div>`
    })
    return html`<div class="name">${name}</div><div class="strip">${marks.map((value) => html`<span class="tick" style="left: ${at(value)}"></span>`)}${lines}</div>\n`
  }
  const keys = splits.map((split, color) => html`<li><i style="background: ${colorOf(color)}"></i>${split}</li>`)
  return html`<figure class="strips" role="group" aria-label="Held-out accuracy with 95% intervals by model, mode and split. Arrow keys read them.">
<ul class="legend">${keys}</ul>
<div class="rows">${rows.map(strip)}<div class="name"></div><div class="axis">${marks.map((value) => html`<span style="left: ${at(value)}">${value}</span>`)}</div></div>
<figcaption>Held-out accuracy, %, with 95% intervals.</figcaption></figure>
`
}
