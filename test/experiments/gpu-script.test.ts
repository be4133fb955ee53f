import {spawnSync} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {ensureReady, root} from '../../scripts/ensure-ready.js'

let folder: string
beforeAll(() => {
  ensureReady()
  folder = mkdtempSync(join(tmpdir(), 'rpt-gpu-script-'))
})
afterAll(() => rmSync(folder, {recursive: true}))

function gpu(...args: string[]) {
  return spawnSync(process.execPath, ['scripts/gpu.js', '--out', folder, ...args], {
    cwd: root,
    encoding: 'utf8',
    // Whatever Python there is: its figures are nobody's business here.
    env: {...process.env, PYTHON: '/nonexistent/python'},
  })
}

const small = ['--device', 'cpu', '--smallest']
const read = (part: number) => JSON.parse(readFileSync(join(folder, `part-${part}.json`), 'utf8'))

describe('scripts/gpu.js, in small on the CPU', () => {
  it('holds every graph against the CPU', () => {
    expect(gpu('--part', '1', ...small).status).toBe(0)
    const {complete, found} = read(1)
    expect(complete).toBe(true)
    expect(found.summary).toMatchObject({worst: 0, graphs: Object.keys(found).length - 2})
  }, 120_000)

  it('prepares, trains and evaluates the tiny experiment', () => {
    expect(gpu('--part', '2', ...small).status).toBe(0)
    const {training, gains} = read(2).found
    expect(training).toMatchObject({steps: 1, bus_bytes: null})
    expect(gains.map(({split}: {split: string}) => split)).toEqual(['easy', 'medium', 'hard'])
    for (const {gain, cpu} of gains) {
      expect(Number.isFinite(gain)).toBe(true)
      expect(cpu[0]).toBeGreaterThan(0)
      expect(cpu[1]).toBeGreaterThan(cpu[0])
    }
  }, 240_000)

  it.each([
    [3, '135M'],
    [4, '0.5B'],
    [5, '1.5B'],
  ])(
    'part %i measures rollouts and updates of %s, with bytes and shares',
    (part, size) => {
      expect(gpu('--part', `${part}`, ...small).status).toBe(0)
      const result = read(part)
      expect(result).toMatchObject({part: `rollouts and updates, ${size}`, complete: true})
      const {found} = result
      for (const name of ['rollout of 8 rows', 'rollout of 16 rows', 'update, whole', 'update, segmented']) {
        expect(found[name].tokens_per_second, name).toBeGreaterThan(0)
        expect(found[name].to_device, name).toBeGreaterThan(4 * found.parameters)
      }
      const sum = (shares: Record<string, number>) => Object.values(shares).reduce((total, share) => total + share, 0)
      for (const mode of ['whole', 'segmented']) expect(sum(found[`update, ${mode}`].shares)).toBeCloseTo(1, 6)
    },
    120_000,
  )

  it('says why peers are not there', () => {
    expect(gpu('--part', '6', ...small).status).toBe(0)
    expect(read(6).found.skipped).toBe('/nonexistent/python has no torch with transformers')
  }, 60_000)

  it('joins what is there, and puts no such figures into a page', () => {
    const page = join(folder, 'page.md')
    writeFileSync(page, '<!-- gpu:begin -->\n<!-- gpu:end -->\n')
    const {status, stdout, stderr} = gpu('--join', '--page', page)
    expect(stdout).toContain('Device: cpu, smallest shapes.')
    for (const size of ['135M', '0.5B', '1.5B'])
      for (const work of ['rollout of 8 rows', 'update, whole', 'update, segmented'])
        expect(stdout).toMatch(new RegExp(`\\| ${size} \\| ${work} \\| \\d+ \\| not measured \\|`))
    expect([status, stderr]).toEqual([
      2,
      `gpu: ${page} is not written: these figures are not of a GPU, or of the smallest shapes\n`,
    ])
    expect(readFileSync(page, 'utf8')).toBe('<!-- gpu:begin -->\n<!-- gpu:end -->\n')
  })

  it('refuses a part and a device that are not there, and notes that a part failed', () => {
    expect(gpu('--part', '9', ...small)).toMatchObject({status: 2, stderr: 'gpu: --part 9: there are parts 1 to 6\n'})
    expect(gpu('--part', '1', '--device', 'abacus').stderr).toContain('there are auto, cpu, cuda, webgpu')
    if (process.env.STAND_IN_LOG) return
    expect(gpu('--part', '1', '--device', 'cuda').status).toBe(1)
    expect(read(1)).toMatchObject({complete: false, device: 'cuda'})
    expect(read(1).status).not.toBe(0)
  }, 120_000)
})
