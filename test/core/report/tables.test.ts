import {expect, it} from 'vitest'
import {metricTable} from '../../../src/core/report/tables.js'
import {metricsTable, nullsOf} from '../../../src/core/tables/index.js'

it('metrics are means over the first and the last tenth of the steps, and the maximum', () => {
  const metrics = Array.from({length: 20}, (_, i) => {
    const reward = i === 9 ? 50 : i + 1
    return {...nullsOf(metricsTable), step: i + 1, wall_seconds: 0, reward, loss: i < 10 ? null : i}
  })
  const {rows, note} = metricTable('rpt', metrics)
  const cellsOf = (name: string) => rows.find(([{text}]) => text === name)?.map(({text}) => text)
  expect(cellsOf('reward')).toEqual(['reward', '1.5', '19.5', '50'])
  expect(cellsOf('loss'), 'of the steps that have it').toEqual(['loss', '10.5', '18.5', '19'])
  expect(cellsOf('entropy')).toBeUndefined()
  expect(note).toBe('20 steps; first and last are means over 2 steps.')
})
