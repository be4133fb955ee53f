import {percent, shareWithInterval, table} from '../markdown.js'
import type {ResultRow} from '../result-table.js'
import {argMax, boxedUnder, rightBoxUnder, rowName} from './measure.js'
import {studied, type Variant, variantNames, variants} from './study.js'

/** The tables of the README, from the rows of result.arrow. */
export function tablesOf(rows: readonly ResultRow[]): Readonly<Record<string, string>> {
  const used = variantNames.filter((variant) => rows.some(({row}) => row === rowName('v0', variant)))
  const controlled = used.filter((variant) => variants[variant].controls.length > 0)
  return {
    paper: paperTable(rows),
    samples: used.map((variant) => sampleTable(rows, variant)).join('\n\n'),
    controls: controlled.map((variant) => controlTable(rows, variant)).join('\n\n'),
  }
}

/** Table 8 beside ours, graded in the same way. */
function paperTable(rows: readonly ResultRow[]): string {
  const lines = studied.map(({name}) => {
    const [random, pass] = ['random@1', 'pass@8'].map((metric) => find(rows, rowName(name, 'asked'), metric))
    return [name, percent(random.paper!), shareWithInterval(random), percent(pass.paper!), shareWithInterval(pass)]
  })
  lines.push([argMax, '-', shareWithInterval(find(rows, argMax, 'accuracy')), '-', '-'])
  return table(['%', 'Random@1, paper', 'Random@1', 'Pass@8, paper', 'Pass@8'], lines)
}

/** What samples hold, and how often they are right, by the paper's grading and by any box. */
function sampleTable(rows: readonly ResultRow[], variant: Variant): string {
  const {title, isPaperGraded} = variants[variant]
  const columns = isPaperGraded ? [...graded, ...boxed] : boxed
  return templateTable(rows, variant, `${title}, %`, columns)
}

/** How often a greedy answer is right, and holds a box, behind a thought that computes nothing. */
function controlTable(rows: readonly ResultRow[], variant: Variant): string {
  const columns = variants[variant].controls.flatMap((control) => [
    [control.title, control.metric],
    ['has a box', boxedUnder(control)],
    ['right box', rightBoxUnder(control)],
  ])
  return templateTable(rows, variant, `${variants[variant].title}, %`, columns)
}

/** A line for each template as a variant puts it. */
function templateTable(rows: readonly ResultRow[], variant: Variant, title: string, columns: Columns): string {
  const lines = studied.map(({name}) => [
    name,
    ...columns.map(([, metric]) => shareWithInterval(find(rows, rowName(name, variant), metric))),
  ])
  return table([title, ...columns.map(([heading]) => heading)], lines)
}

/** Heading and metric of each column. */
type Columns = readonly (readonly string[])[]

const graded: Columns = [
  ['thought ends', 'ended'],
  ['Random@1', 'random@1'],
  ['Pass@8', 'pass@8'],
]
const boxed: Columns = [
  ['has a box', 'boxed'],
  ['Random@1, box', 'random@1, box'],
  ['Pass@8, box', 'pass@8, box'],
]

function find(rows: readonly ResultRow[], row: string, metric: string): ResultRow {
  const found = rows.find((one) => one.row === row && one.metric === metric)
  if (!found) throw new Error(`result.arrow has no ${metric} of ${row}`)
  return found
}
