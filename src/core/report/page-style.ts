/** The style sheet of a page: light and dark by the reader's setting, from 320 pixels on. */
export const pageStyle = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1c1c1c; --soft: #5c5c5c; --line: #dcdcdc; --faint: #f5f5f3; --grid: #e8e8e8; --axis: #888;
  --blue: #0072B2; --red: #B34700; --tag: #e9e9e6; --won: #d3e8f4; --same: #d9f0e3; --differs: #fbdccb; --brush: #0072b233;
  --curve-0: #0072B2; --curve-1: #D55E00; --curve-2: #009E73; --curve-3: #CC79A7; --curve-4: #B8860B; --curve-5: #2A9FD6; --curve-6: #555; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #16181b; --ink: #e7e7e4; --soft: #a5a8ac; --line: #3a3d42; --faint: #202327; --grid: #2c2f34; --axis: #777b82;
    --blue: #62b6e8; --red: #f0955a; --tag: #34373c; --won: #17425c; --same: #1d4a35; --differs: #5e3019; --brush: #62b6e833;
    --curve-0: #4aa8e0; --curve-1: #f0853f; --curve-2: #2fc296; --curve-3: #e09bc4; --curve-4: #e0b341; --curve-5: #8fd3f7; --curve-6: #b0b0b0; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1060px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 8px; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 44px 0 12px; padding-bottom: 4px; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 24px 0 8px; overflow-wrap: anywhere; }
p, ul { max-width: 46rem; margin: 8px 0; overflow-wrap: anywhere; }
a { color: var(--blue); }
:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; }
.headline { font-size: 1.2rem; line-height: 1.4; margin: 12px 0; }
.note, figcaption { color: var(--soft); font-size: .875rem; }
figure { margin: 12px 0; position: relative; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(310px, 100%), 1fr)); gap: 8px 20px; }
.grid > * { min-width: 0; }
.drawn svg { display: block; max-width: 100%; height: auto; }
svg.marks > rect[fill="white"] { fill: var(--paper); }
svg.marks text[fill="#000"], svg.marks text[fill="#333"], svg.marks text[fill="#222"] { fill: var(--ink); }
svg.marks text[fill="#555"] { fill: var(--soft); }
svg.marks [stroke="#e8e8e8"] { stroke: var(--grid); }
svg.marks [stroke="#888"], svg.marks [stroke="#777"] { stroke: var(--axis); }
svg.marks [fill="#0072B2"] { fill: var(--curve-0); } svg.marks [stroke="#0072B2"] { stroke: var(--curve-0); }
svg.marks [fill="#D55E00"] { fill: var(--curve-1); } svg.marks [stroke="#D55E00"] { stroke: var(--curve-1); }
svg.marks [fill="#009E73"] { fill: var(--curve-2); } svg.marks [stroke="#009E73"] { stroke: var(--curve-2); }
svg.marks [fill="#000000"] { fill: var(--ink); } svg.marks [stroke="#000000"] { stroke: var(--ink); }
.strips .rows { display: grid; grid-template-columns: max-content 1fr; column-gap: 14px; align-items: center; font-size: .84rem; max-width: 820px; }
.strips .name { max-width: 22rem; text-align: right; overflow-wrap: anywhere; }
.strip { position: relative; padding: 6px 0; }
.strip .line { position: relative; height: 11px; }
.strip .span { position: absolute; top: 4.5px; height: 2px; }
.strip .mark { position: absolute; top: 1px; width: 9px; height: 9px; margin-left: -4.5px; border-radius: 5px; }
.strip .tick { position: absolute; top: 0; bottom: 0; border-left: 1px solid var(--grid); }
.axis { position: relative; height: 1.4em; border-top: 1px solid var(--axis); color: var(--soft); }
.axis span { position: absolute; transform: translateX(-50%); }
.chart .canvas { position: relative; cursor: crosshair; touch-action: pan-y; user-select: none; overflow: hidden; }
.chart svg { display: block; max-width: 100%; }
.tip { position: absolute; z-index: 2; background: var(--paper); color: var(--ink); border: 1px solid var(--axis); border-radius: 4px; padding: 4px 8px;
  font-size: .8rem; line-height: 1.35; pointer-events: none; width: max-content; overflow-wrap: anywhere; }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 5px; margin-right: 6px; }
.tip .key, .legend .key { display: inline-block; width: 24px; height: 0; border-radius: 0; margin-right: 6px; vertical-align: middle; }
.rule { position: absolute; border-left: 1px solid var(--axis); pointer-events: none; }
.dot { position: absolute; width: 9px; height: 9px; margin: -4.5px; border-radius: 5px; border: 1px solid var(--paper); pointer-events: none; }
.overlay { position: absolute; top: 26px; bottom: 34px; pointer-events: none; display: none; }
.overlay.brush { display: block; background: var(--brush); border: solid var(--blue); border-width: 0 1px; }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 2px 18px; max-width: none; }
.table { overflow-x: auto; margin: 16px 0 4px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .94rem; }
caption { text-align: left; font-weight: 600; padding-bottom: 6px; }
th, td { padding: 5px 14px 5px 0; text-align: right; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 500; border-bottom: 1px solid var(--axis); }
tr > th:first-child { text-align: left; font-weight: 400; padding-right: 24px; }
td small { display: block; color: var(--soft); font-size: .8rem; white-space: nowrap; }
td.above { color: var(--blue); font-weight: 600; }
td.below { color: var(--red); font-weight: 600; }
td.above small, td.below small { font-weight: 400; }
td.muted { color: var(--soft); }
code, pre { font: .84rem/1.45 ui-monospace, Consolas, Menlo, monospace; }
pre { background: var(--faint); padding: 10px 12px; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; margin: 6px 0; }
details { border-bottom: 1px solid var(--line); padding: 7px 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
.filters, .choices { display: flex; flex-wrap: wrap; gap: 8px 14px; align-items: center; margin: 14px 0; font-size: .9rem; }
.filters output, .choices output { flex: 1 0 100%; color: var(--soft); }
select, input, button { font: inherit; color: inherit; background: var(--faint); border: 1px solid var(--axis); border-radius: 4px; padding: 2px 6px; max-width: 100%; }
button { cursor: pointer; }
.choices[hidden] { display: none; }
th small { display: block; color: var(--soft); font-size: .8rem; }
summary b { color: var(--blue); }
summary code { white-space: pre-wrap; }
.completion { margin: 14px 0 18px 18px; }
.completion p { margin: 2px 0; }
.bytes { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 2px 10px; margin: 6px 0; align-items: baseline; }
.bytes code { overflow-wrap: anywhere; font-size: .95rem; }
.bytes .same { background: var(--same); }
.bytes .differs { background: var(--differs); text-decoration: underline; }
.bytes .sign { color: var(--soft); }
.bytes .end { color: var(--red); font-style: normal; font-weight: 700; padding: 0 1px; }
.tag { display: inline-block; font-size: .8rem; padding: 0 8px; border-radius: 9px; background: var(--tag); margin-right: 6px; }
.tag.won { background: var(--won); }
@media (max-width: 560px) {
  main { padding: 20px 14px 48px; }
  h1 { font-size: 1.4rem; }
  .headline { font-size: 1.05rem; }
  .strips .rows { grid-template-columns: 1fr; }
  .strips .name { text-align: left; max-width: none; }
  .table table { font-size: .84rem; }
  th, td { padding: 5px 8px 5px 0; }
  /* A row of a table is a block: its name above, its cells below with the name of their column, so that none is cut. */
  .table thead { display: none; }
  .table, .table tbody, .table tr, .table caption { display: block; }
  .table table { display: block; }
  .table tr { display: flex; flex-wrap: wrap; gap: 2px 16px; padding: 6px 0; border-bottom: 1px solid var(--line); }
  .table tr > th { flex: 1 0 100%; border: 0; padding: 0; overflow-wrap: anywhere; }
  .table td { border: 0; padding: 0; text-align: left; }
  .table td::before { content: attr(data-column); display: block; color: var(--soft); font-size: .75rem; font-weight: 400; }
  td small { white-space: normal; }
  .completion { margin-left: 0; }
}
@media print { details { break-inside: avoid; } main { max-width: none; padding: 0; } .tip { display: none; } }
`
