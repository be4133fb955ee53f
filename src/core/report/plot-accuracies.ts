import {type AccuracyRow, inPercent} from './figures.js'
import {colorBy, drawSvg} from './svg.js'

/** Accuracy with intervals, one line per model and mode, one colour and offset per split (the shape of Table 1). */
export async function plotAccuracies(rows: readonly AccuracyRow[]): Promise<string> {
  const splits = [...new Set(rows.flatMap((row) => Object.keys(row.splits)))]
  const values = rows.flatMap(({name, splits: cells}) =>
    Object.entries(cells).map(([split, cell]) => ({name, split, ...inPercent(cell)})),
  )
  const names = rows.map(({name}) => name)
  const y = {field: 'name', type: 'nominal', title: null, sort: names, scale: {padding: 0.35}}
  const axis = {...y, axis: {labelLimit: 400, ticks: false, domain: false, labelPadding: 8}}
  const shared = {y: axis, yOffset: {field: 'split', type: 'nominal', sort: splits}, color: colorBy(splits, 'split')}
  const x = {type: 'quantitative', title: 'next-token accuracy, % (95% interval)', scale: {domainMin: 0}}
  return drawSvg({
    width: 460,
    height: {step: 12, for: 'offset'},
    data: {values},
    layer: [
      {
        mark: {type: 'rule', strokeWidth: 2},
        encoding: {...shared, x: {...x, field: 'low'}, x2: {field: 'high'}},
      },
      {mark: {type: 'point', filled: true, size: 55, opacity: 1}, encoding: {...shared, x: {...x, field: 'y'}}},
    ],
  })
}
