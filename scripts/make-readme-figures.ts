/**
 * Draws the README's figures and writes its table from `runs/tiny`, the result of `npm start`:
 * `npx tsx scripts/make-readme-figures.ts [runs/tiny]`. The same numbers and plots as in the report.
 */
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {compareAll} from '../src/core/report/comparisons.js'
import {drawChart} from '../src/core/report/page/chart.js'
import {plotAccuracies} from '../src/core/report/plot-accuracies.js'
import {plotScaling} from '../src/core/report/plot-scaling.js'
import {readRun} from '../src/core/report/read-run.js'
import {collectResults, type Result} from '../src/core/report/results.js'
import {collectFits, collectScaling, scalingFigures} from '../src/core/report/scaling-figures.js'
import {chartsOf, rewardFigure} from '../src/core/report/training-charts.js'

const root = join(import.meta.dirname, '..')
const images = join(root, 'docs', 'images')
const folder = resolve(process.argv[2] ?? join(root, 'runs', 'tiny'))
const runs = ['rpt', 'ntp', 'eval', 'sweep'].map((name) => readRun(join(folder, name)))
const results = collectResults(runs)
const ntpSteps = results.filter(({subject}) => subject === 'ntp').map(({step}) => step)

/** The lines of the figure in words, by run and mode; those that are not named here are left out. */
const names: Readonly<Record<string, string>> = {
  'base standard': 'base, standard',
  'base reasoning': 'base, reasoning',
  'ntp standard': 'next-token training, equal FLOPs',
  'rpt standard': 'RPT, standard',
  'rpt forced-thought': 'RPT, idle thought forced',
  'rpt reasoning': 'RPT, reasoning',
}

function nameOf({subject, mode, step}: Result): string | undefined {
  const isEarlier = subject === 'ntp' && step < Math.max(...ntpSteps)
  return isEarlier ? 'next-token training, equal updates' : names[`${subject} ${mode}`]
}

/** `all` is `easy` under nested splits. */
function withoutAll({cells}: Result) {
  return Object.fromEntries(Object.entries(cells).filter(([split]) => split !== 'all'))
}

const rows = results.flatMap((result) => {
  const name = nameOf(result)
  return name ? [{name, splits: withoutAll(result)}] : []
})
const points = collectScaling(runs)
const scaling = scalingFigures(points, collectFits(runs, points), results)
const [reward] = chartsOf([runs[0]], rewardFigure)
const figures = {
  'result.svg': await plotAccuracies(rows),
  'scaling.svg': await plotScaling(scaling.find(({split}) => split === 'medium')!),
  'reward.svg': drawChart(reward, {width: 330, height: 300, background: 'white'}),
}

mkdirSync(images, {recursive: true})
for (const [name, svg] of Object.entries(figures)) {
  writeFileSync(join(images, name), svg)
  console.log(`wrote ${join(images, name)}`)
}

const splits = ['easy', 'medium', 'hard'] as const
const digits = (share: number, isSigned = false) => `${isSigned && share > 0 ? '+' : ''}${(100 * share).toFixed(1)}`

function tableOf(lines: readonly (readonly [string, ...string[]])[]): string {
  const counts = splits.map((split) => `${split} (${results[0].cells[split]?.count})`)
  return [
    `| accuracy, % | ${counts.join(' | ')} |`,
    '|---|---|---|---|',
    ...lines.map((line) => `| ${line.join(' | ')} |`),
  ]
    .join('\n')
    .replaceAll('NaN', '-')
}

const accuracies = results.flatMap((result): [string, ...string[]][] => {
  const name = nameOf(result)
  const cells = splits.map((split) => {
    const {accuracy, ciLow, ciHigh} = result.cells[split]!
    return `${digits(accuracy)} [${digits(ciLow)}, ${digits(ciHigh)}]`
  })
  return name ? [[name === 'RPT, reasoning' ? `**${name}**` : name, ...cells]] : []
})
const differences = (await compareAll(results)).map(({other, differences}): [string, ...string[]] => [
  `RPT, reasoning minus ${nameOf(other)}`,
  ...splits.map((split) => {
    const {difference, ciLow, ciHigh} = differences![split]!
    return `${digits(difference, true)} [${digits(ciLow, true)}, ${digits(ciHigh, true)}]`
  }),
])

const readme = join(root, 'README.md')
const [begin, end] = ['<!-- results:begin -->', '<!-- results:end -->']
const [before, rest] = readFileSync(readme, 'utf8').split(begin)
const table = tableOf([...accuracies, ...differences])
writeFileSync(readme, `${before}${begin}\n${table}\n${end}${rest.split(end)[1]}`)
console.log(`${table}\nwritten to ${readme}`)
