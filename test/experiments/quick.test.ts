import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {checkRows} from '../../experiments/publish.js'
import {quickSettings} from '../../experiments/quick.js'
import type {ResultRow} from '../../experiments/result-table.js'
import {loadConfig} from '../../src/core/config/load.js'

const tiny = join(import.meta.dirname, '..', '..', 'experiments', 'tiny')

const row = (name: string, seed: number): ResultRow => ({
  row: name,
  metric: 'accuracy',
  split: 'easy',
  value: 0.5,
  ci_low: null,
  ci_high: null,
  paper: null,
  count: 1,
  seed,
})

describe('a quick run', () => {
  it.each([
    ['train', 'rpt.yaml'],
    ['eval', 'eval.yaml'],
  ])('gives %s settings that pass and make it smaller', (command, file) => {
    const usual = loadConfig({files: [join(tiny, file)], cwd: tiny}).config
    const {config} = loadConfig({files: [join(tiny, file)], sets: quickSettings[command], cwd: tiny})
    const sizeOf = ({grpo, train, eval: {limit}}: typeof config) =>
      [grpo.contextsPerStep * grpo.groupSize, train.batchRows, limit ?? 0] as const
    expect(sizeOf(config).reduce((a, b) => a + b)).toBeLessThan(sizeOf(usual).reduce((a, b) => a + b))
    expect(config.train.steps).toBe(usual.train.steps)
  })

  it('has the rows of the published result, for its seeds', () => {
    expect(() => checkRows('tiny', [row('base', 0)], [row('base', 0), row('base', 1)])).not.toThrow()
  })

  it('is refused where a row is missing, or one is there that was not published', () => {
    const published = [row('base', 0), row('RPT', 0)]
    expect(() => checkRows('tiny', [row('base', 0)], published)).toThrow('missing: RPT, accuracy, easy, seed 0')
    expect(() => checkRows('tiny', [...published, row('ntp', 0)], published)).toThrow('further: ntp, accuracy, easy')
  })
})
