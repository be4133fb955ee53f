import {chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {type FoundGpu, findGpu} from '../../../src/core/cuda/gpu-memory.js'

let folder: string
let calls: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rpt-nvidia-smi-'))
  calls = join(folder, 'calls')
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, {recursive: true})
})

/** A stand-in for nvidia-smi that notes how it was called. */
function install(script: string): void {
  const file = join(folder, 'nvidia-smi')
  writeFileSync(file, `#!/bin/sh\necho "$@" >> '${calls}'\n${script}\n`)
  chmodSync(file, 0o755)
}

function listing(...lines: string[]): void {
  install(`cat <<'END'\n${lines.join('\n')}\nEND`)
}

function find(env: Record<string, string> = {}): FoundGpu {
  return findGpu({PATH: `${folder}:/usr/bin:/bin`, ...env})
}

const two = ['0, GPU-aa11, 81559, 80994, NVIDIA H100 80GB HBM3', '1, GPU-bb22, 81559, 1000, NVIDIA H100 80GB HBM3']
const unlike = ['0, GPU-aa11, 24564, 20000, NVIDIA L4', '1, GPU-bb22, 143771, 140000, NVIDIA H200']
const mib = 2 ** 20

describe('the GPU that CUDA would take', () => {
  it('is the first, with its memory in bytes', () => {
    listing(...two)
    expect(find()).toEqual({
      gpu: {name: 'NVIDIA H100 80GB HBM3', totalBytes: 81_559 * mib, freeBytes: 80_994 * mib},
      reason: '',
    })
    expect(readFileSync(calls, 'utf8')).toBe(
      '--query-gpu=index,uuid,memory.total,memory.free,name --format=csv,noheader,nounits\n',
    )
  })

  it.each([
    ['an index', {CUDA_VISIBLE_DEVICES: '1,0'}, 1000],
    ['the beginning of an id', {CUDA_VISIBLE_DEVICES: 'GPU-bb'}, 1000],
    ['an id', {CUDA_VISIBLE_DEVICES: 'GPU-aa11'}, 80_994],
  ])('CUDA_VISIBLE_DEVICES names it by %s', (_, env, mebibytes) => {
    listing(...two)
    expect(find(env).gpu?.freeBytes).toBe(mebibytes * mib)
  })

  it.each(['', '-1', '7', 'MIG-aa11'])('there is none where CUDA_VISIBLE_DEVICES is %j', (visible) => {
    listing(...two)
    expect(find({CUDA_VISIBLE_DEVICES: visible})).toEqual({
      gpu: null,
      reason: `nvidia-smi lists no GPU that CUDA sees (CUDA_VISIBLE_DEVICES=${visible})`,
    })
  })

  it('of GPUs that differ is that with least room, because CUDA numbers them by speed', () => {
    listing(...unlike)
    expect(find({CUDA_VISIBLE_DEVICES: '1'}).gpu?.name).toBe('NVIDIA L4')
    expect(find({CUDA_VISIBLE_DEVICES: '1', CUDA_DEVICE_ORDER: 'PCI_BUS_ID'}).gpu?.name).toBe('NVIDIA H200')
    expect(find({CUDA_VISIBLE_DEVICES: 'GPU-bb22'}).gpu?.name).toBe('NVIDIA H200')
  })

  it.each([
    ['no such program', () => null, 'nvidia-smi is not on the PATH'],
    ['a refusal', () => install('echo "No devices were found"; exit 6'), 'nvidia-smi says: No devices were found'],
    ['silence', () => install('exit 9'), 'nvidia-smi says: status 9'],
    [
      'a number that it does not know',
      () => listing('0, GPU-a, [N/A], [N/A], Orin'),
      'nvidia-smi does not know the memory of Orin',
    ],
    [
      'a number of one of several',
      () => listing('0, GPU-a, 100, 100, Small', '1, GPU-b, [N/A], [N/A], Orin'),
      'nvidia-smi does not know the memory of Orin',
    ],
  ])('is unknown, with the reason: %s', (_, prepare, reason) => {
    expect(find(prepare() === null ? {PATH: folder} : {})).toEqual({
      gpu: null,
      reason,
    })
  })
})

describe('the memory of the cuda device', () => {
  it('is asked once, and then is what was free', async () => {
    listing(...two)
    vi.stubEnv('PATH', `${folder}:${process.env.PATH}`)
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '0')
    vi.resetModules()
    const {devices} = await import('../../../src/core/runtime/devices.js')
    expect(devices.cuda.memory.availableBytes()).toBe(80_994 * mib)
    expect(devices.cuda.memory.availableBytes(0)).toBe(80_994 * mib)
    expect(readFileSync(calls, 'utf8').trim().split('\n')).toHaveLength(1)
  })

  it('is unknown where nvidia-smi is', async () => {
    install('exit 9')
    vi.stubEnv('PATH', `${folder}:${process.env.PATH}`)
    vi.resetModules()
    const {devices} = await import('../../../src/core/runtime/devices.js')
    expect(devices.cuda.memory.availableBytes()).toBeNull()
  })
})
