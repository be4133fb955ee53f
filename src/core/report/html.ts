import {escapeHtml} from './format.js'
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
  return html`<figure role="img" aria-label="${label}">${new Html(svg)}${note}</figure>`
}

/** A table of cells. */
export function htmlTable({title, columns, rows, note}: Table): Html {
  const head = columns.map((column) => html`<th scope="col">${column}</th>`)
  const body = rows.map(([first, ...rest]) => html`<tr><th scope="row">${first.text}</th>${rest.map(htmlCell)}</tr>\n`)
  return html`<div class="table"><table>
<caption>${title}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody>
</table></div>
${note && html`<p class="note">${note}</p>`}`
}

function htmlCell({text, detail, tone}: Cell): Html {
  return html`<td class="${tone ?? 'plain'}">${text}${detail && html`<small>${detail}</small>`}</td>`
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

/** A whole page: no scripts, no network, one inline style sheet. */
export function page(title: string, body: readonly Html[]): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${new Html(pageMark)}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${body}</main>
</body>
</html>
`.text
}

const style = `
:root { color-scheme: light; --ink: #1c1c1c; --soft: #5c5c5c; --line: #dcdcdc; --faint: #f5f5f3; --blue: #0072B2; --red: #B34700; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1060px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 8px; }
h2 { font-size: 1.25rem; margin: 44px 0 12px; padding-bottom: 4px; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 24px 0 8px; }
p, ul { max-width: 46rem; margin: 8px 0; }
.lead { font-size: 1.06rem; }
.note, figcaption { color: var(--soft); font-size: .875rem; }
figure { margin: 12px 0; }
svg { max-width: 100%; height: auto; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(310px, 1fr)); gap: 8px 20px; }
.table { overflow-x: auto; margin: 16px 0 4px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .94rem; }
caption { text-align: left; font-weight: 600; padding-bottom: 6px; }
th, td { padding: 5px 14px 5px 0; text-align: right; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 500; border-bottom: 1px solid #888; }
tr > th:first-child { text-align: left; font-weight: 400; padding-right: 24px; }
td small { display: block; color: var(--soft); font-size: .8rem; white-space: nowrap; }
td.above { color: var(--blue); font-weight: 600; }
td.below { color: var(--red); font-weight: 600; }
td.above small, td.below small { font-weight: 400; }
td.muted { color: #767676; }
code, pre { font: .84rem/1.45 ui-monospace, Consolas, Menlo, monospace; }
pre { background: var(--faint); padding: 10px 12px; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; margin: 6px 0; }
details { border-bottom: 1px solid var(--line); padding: 7px 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary .truth { font-weight: 700; color: var(--blue); white-space: pre-wrap; }
.tag { display: inline-block; font-size: .8rem; padding: 0 8px; border-radius: 9px; background: #e9e9e6; margin-right: 6px; }
.tag.won { background: #d3e8f4; }
.completion { margin: 12px 0 16px 18px; }
.completion p { margin: 2px 0; }
@media print { details { break-inside: avoid; } main { max-width: none; padding: 0; } }
`
