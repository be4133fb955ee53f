import {escapeHtml} from './format.js'
import {type Chart, drawChart} from './page/chart.js'
import {pageScript, scriptSource} from './page-script.js'
import {pageStyle} from './page-style.js'
import type {Cell, Table} from './tables.js'

/** Markup that is safe to insert as it is; everything else is escaped. */
export class Html {
  constructor(readonly text: string) {}
}

type Insertable = Html | string | number | false | null | undefined | readonly Insertable[]

/** Template tag: inserted text is escaped, inserted `Html` is not, lists are joined, null, undefined and false are nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Insertable[]): Html {
  return new Html(parts.map((part, i) => part + (i < values.length ? insert(values[i]) : '')).join(''))
}

function insert(value: Insertable): string {
  if (value === null || value === undefined || value === false) return ''
  if (value instanceof Html) return value.text
  if (typeof value === 'object') return value.map(insert).join('')
  return escapeHtml(String(value))
}

/** An SVG drawing with a caption; `label` says in words what it shows. */
export function figure(svg: string, label: string, caption?: string): Html {
  const note = caption && html`<figcaption>${caption}</figcaption>`
  return html`<figure class="marks" role="group" aria-label="${label}"><div class="drawn">${new Html(svg)}</div>${note}</figure>`
}

/** Data for the page's script, which finds it by its place. */
export function dataBlock(data: unknown): Html {
  return html`<script type="application/json">${new Html(JSON.stringify(data).replaceAll('<', '\\u003c'))}</script>`
}

/** A chart that can be hovered and zoomed; without scripts, the drawing of all steps. */
export function chartFigure(chart: Chart, {width, height}: {readonly width: number; readonly height: number}): Html {
  const names = chart.curves.map(({name}) => name).join(', ')
  const label = `${chart.title} by step: ${names}. Arrow keys read steps, plus and minus zoom, Escape shows all steps.`
  return html`<figure class="chart" tabindex="0" role="group" aria-label="${label}" data-height="${height}"><div class="canvas">${new Html(drawChart(chart, {width, height}))}</div>${dataBlock(chart)}</figure>
`
}

/** A table of cells. */
export function htmlTable({title, columns, rows, note}: Table): Html {
  const head = columns.map((column) => html`<th scope="col">${column}</th>`)
  const body = rows.map(
    ([first, ...rest]) =>
      html`<tr><th scope="row">${rowName(first)}${first.detail && html`<small>${first.detail}</small>`}</th>${rest.map((cell, i) => htmlCell(cell, columns[i + 1]))}</tr>\n`,
  )
  return html`<div class="table"><table>
<caption>${title}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody>
</table></div>
${note && html`<p class="note">${note}</p>`}`
}

function rowName({text, find}: Cell): Html | string {
  return find === undefined ? text : html`<a href="#rollouts" data-find="${find}">${text}</a>`
}

function htmlCell({text, detail, tone}: Cell, column: string): Html {
  return html`<td class="${tone ?? 'plain'}" data-column="${column}">${text}${detail && html`<small>${detail}</small>`}</td>`
}

/** A control of a form: one of some values, or all. */
export function select(name: string, label: string, values: readonly (string | number)[]): Html {
  const options = values.map((value) => html`<option value="${value}">${value}</option>`)
  return html`<label>${label} <select name="${name}"><option value="">all</option>${options}</select></label>`
}

/** A section with a heading; nothing where it has no content. */
export function section(id: string, heading: string, content: readonly Html[]): Html {
  if (content.length === 0) return html``
  return html`<section id="${id}">
<h2>${heading}</h2>
${content.map((part) => html`${part}\n`)}</section>
`
}

/** Stands near the top of every page that `rpt` writes, and so tells them from the files of others. */
export const pageMark = '<meta name="generator" content="rpt">'

/** A whole page: no network, one inline style sheet, one inline script and no other. */
export function page(title: string, body: readonly Html[]): string {
  const script = pageScript()
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${new Html(pageMark)}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src ${new Html(scriptSource(script))}">
<title>${title}</title>
<style>${new Html(pageStyle)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${body}</main>
<script>${new Html(script)}</script>
</body>
</html>
`.text
}
