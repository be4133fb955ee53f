import {describe, expect, it} from 'vitest'
import {unitsOf} from '../../bench/job.js'
import {renderMarkdown} from '../../bench/markdown.js'
import {type Found, median, type Results, resultRow} from '../../bench/results.js'
import {type Benchmark, benchmarks, select} from '../../bench/workloads.js'

const [benchmark] = select(['rollout/S32'])
const gibibyte = 2 ** 30
const measured = (seconds: readonly number[], peakRss = gibibyte, check = 8192) => ({
  seconds,
  peakRss,
  check,
  threads: 2,
  setting: 'sdpa',
})
const found = (ours: Found['ours'], peer: Found['peer']): Found => ({ours, peer})
const row = (ours: Found['ours'], peer: Found['peer'], of: Benchmark = benchmark) => resultRow(of, found(ours, peer))

function page(...rows: Results['rows']): string {
  return renderMarkdown({
    date: '2026-01-02T03:04:05Z',
    command: 'npm run bench -- --peers',
    threads: 2,
    machine: {processor: 'abacus, 2 cores'},
    versions: {torch: '2.13.0'},
    limits: {ours: {flops: 123.4e9, copyBytes: 20e9}, peer: null},
    seconds: 1500,
    rows,
  })
}

describe('units of work', () => {
  it('are new tokens of all samples, or positions that have a next token', () => {
    expect(unitsOf('rollout', {contexts: 32, groupSize: 8, context: 256, completion: 32})).toBe(8192)
    expect(unitsOf('score', {contexts: 2, groupSize: 1, context: 512, completion: 0})).toBe(1022)
    expect(unitsOf('ntp', {contexts: 4, groupSize: 1, context: 512, completion: 0})).toBe(2048)
  })
})

describe('a row of results', () => {
  it('is the ratio of medians over all processes, with the spread of rates and the largest peak memory', () => {
    const result = row([measured([1, 2]), measured([4], 2 * gibibyte)], [measured([8, 16], 4 * gibibyte)])
    expect(result.ours).toBe(4096)
    expect(result.peer).toBe(768)
    expect(result.ratio).toBeCloseTo(4096 / 768, 12)
    expect(result.spread).toEqual({ours: {min: 2048, max: 8192}, peer: {min: 512, max: 1024}})
    expect([result.peakRssOurs, result.peakRssPeer]).toEqual([2 * gibibyte, 4 * gibibyte])
    expect(result.runs).toEqual({ours: 3, peer: 2})
    expect(result.missed).toEqual([])
  })

  it('misses speed below the goal and memory above the peer, each for itself', () => {
    expect(row([measured([1])], [measured([4.9])]).missed).toEqual(['speed'])
    expect(row([measured([1])], [measured([5])]).missed).toEqual([])
    expect(row([measured([1], 3)], [measured([5], 2)]).missed).toEqual(['memory'])
    expect(row([measured([1], 3)], [measured([1], 2)]).missed).toEqual(['speed', 'memory'])
  })

  it('has no ratio and misses nothing without a peer, and keeps what failed', () => {
    const result = row([measured([1])], [{failure: 'out of memory'}, {failure: 'out of memory'}])
    expect(result).toMatchObject({ours: 8192, peer: null, ratio: null, memoryRatio: null, missed: []})
    expect(result.failures).toEqual(['peer out of memory'])
  })

  it('says when the sides did different work', () => {
    expect(row([measured([1], 1, 2.7)], [measured([1], 1, 2.7002)]).isSameWork).toBe(true)
    expect(row([measured([1], 1, 2.7)], [measured([1], 1, 2.72)]).isSameWork).toBe(false)
  })

  it('has the middle value, or the mean of two, as median', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
  })
})

describe('RESULTS.md', () => {
  it('has a row with both rates, the ratio, the goal and both memories', () => {
    const text = page(row([measured([1])], [measured([8], 2 * gibibyte)]))
    expect(text).toContain(
      '| rollout | S32 | new tokens/s | 8,192 (8,192..8,192) | 1,024 (1,024..1,024) | 8.00x | 5x | 1.00 / 2.00 | met |',
    )
    expect(text).toContain('None.')
    expect(text).toContain('- onnxruntime; copy by one JavaScript thread: 123.4 GFLOP/s')
  })

  it('lists every goal that is missed, and unequal work', () => {
    const text = page(row([measured([1], 3 * gibibyte)], [measured([2], 2 * gibibyte, 8000)]))
    expect(text).toContain('- rollout S32: 2.00x, goal 5x\n')
    expect(text).toContain("- rollout S32: 1.50x the peer's peak memory, goal at most 1x\n")
    expect(text).toContain('NO: 8,192 / 8,000')
  })

  it('shows a side that was not measured as a dash', () => {
    expect(page(row([measured([1])], []))).toContain('| - | - | 5x | 1.00 / - |  |')
  })
})

describe('the rows of the benchmark', () => {
  it('are those of the table of goals', () => {
    const goals = Object.fromEntries(benchmarks.map(({work, workload, goal}) => [`${work}/${workload}`, goal]))
    expect(goals).toEqual({
      ...{'rollout/S32': 5, 'rollout/S128': 5, 'rollout/M': 2, 'rollout/L': 1.5},
      ...{'update/S32': 4, 'update/S128': 4, 'update/M': 3, 'update/L': 2},
      ...{'step/S32': 5, 'step/S128': 5, 'step/M': 2.5},
      ...{'lean-step/S32': 5, 'lean-step/S128': 5, 'lean-step/M': 2.5},
      ...{'score/S': 1.2, 'score/M': 1.2, 'score/L': 1.1},
      ...{'ntp/S': 1.2, 'ntp/M': 1.1, 'ntp/L': 1},
    })
  })

  it('divide into whole micro-batches on both sides', () => {
    for (const {work, workload, size, microBatch} of benchmarks) {
      expect(size.contexts % microBatch.ours, `${work} ${workload} ours`).toBe(0)
      expect((size.contexts * size.groupSize) % microBatch.peer, `${work} ${workload} peer`).toBe(0)
    }
  })

  it('are chosen by work, workload, model or both, and an unknown name is refused', () => {
    const names = (...filters: string[]) => select(filters).map(({work, workload}) => `${work}/${workload}`)
    expect(names('score')).toEqual(['score/S', 'score/M', 'score/L'])
    expect(names('S128', 'ntp/M')).toEqual(['rollout/S128', 'update/S128', 'step/S128', 'lean-step/S128', 'ntp/M'])
    expect(names('step/S')).toEqual(['step/S32', 'step/S128'])
    expect(names()).toHaveLength(benchmarks.length)
    expect(() => select(['XL'])).toThrow('--only XL names no row')
  })
})
