import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {examineCuda} from '../../../src/core/cuda/examine-cuda.js'
import {installProvider} from '../../../src/core/cuda/install-provider.js'
import {findPackage, openIndex} from '../../../src/core/cuda/provider-package.js'
import {DataError, RuntimeFailure, UsageError} from '../../../src/core/util/errors.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {FakeIndex, zipOf} from './fake-index.js'
import {fakeLibrary} from './fake-library.js'

const isRight = process.platform === 'linux' && process.arch === 'x64'
const wheelName = 'onnxruntime_gpu-9.8.7-cp311-cp311-manylinux_2_28_x86_64.whl'
const cudaLibrary = fakeLibrary(['libcublas.so.13', 'libcudart.so.13', 'libc.so.6'])

function wheel(commit = 'abcdef012', changes: Record<string, string | Buffer> = {}): Buffer {
  return zipOf({
    'onnxruntime/capi/build_and_package_info.py': "package_name = 'onnxruntime-gpu'\ncuda_version = '13.0'\n",
    'onnxruntime/capi/libonnxruntime.so.9.8.7': `${'x'.repeat(100)}git-commit-id=${commit}, build type=Release`,
    'onnxruntime/capi/libonnxruntime_providers_shared.so': 'shared',
    'onnxruntime/capi/libonnxruntime_providers_cuda.so': cudaLibrary,
    ...changes,
  })
}

let folder: string
let index: FakeIndex

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rpt-cuda-'))
  writeFileSync(join(folder, 'libonnxruntime.so.1'), 'ORT Build Info: git-branch=x, git-commit-id=abcdef012, build')
  index = await new FakeIndex().start()
  index.files = {[wheelName]: wheel(), 'onnxruntime_gpu-9.8.7-cp311-cp311-win_amd64.whl': Buffer.from('other')}
})

afterEach(async () => {
  await index.stop()
  rmSync(folder, {recursive: true, force: true})
})

const place = () => ({folder, version: '9.8.7'})
const install = (delaysMs: readonly number[] = [1]) =>
  installProvider(place(), openIndex({PIP_INDEX_URL: `${index.address}/`}, {delaysMs}), silentProgress)
const present = () => readdirSync(folder).sort()
const altered = (at: FakeIndex, changes: object) =>
  Object.assign(at, {alter: (entry: object) => ({...entry, ...changes})})
const untouched = ['libonnxruntime.so.1']

describe.skipIf(!isRight)('the CUDA provider', () => {
  it('is taken from the package of the same version, and what it was made from is noted', async () => {
    const note = await install()
    expect(note).toMatchObject({version: '9.8.7', commit: 'abcdef012', cuda: '13.0', source: {name: wheelName}})
    expect(present()).toEqual([
      'libonnxruntime.so.1',
      'libonnxruntime_providers_cuda.so',
      'libonnxruntime_providers_shared.so',
      'rpt-cuda-provider.json',
    ])
    expect(readFileSync(join(folder, 'libonnxruntime_providers_cuda.so'))).toEqual(cudaLibrary)
    const {provider, cuda, libraries} = await examineCuda(place(), {})
    expect({provider, cuda}).toEqual({provider: 'installed', cuda: '13.0'})
    expect(libraries.map(({name}) => name)).toEqual([
      'libcublas.so.13',
      'libcudart.so.13',
      'libcuda.so.1',
      'libcudnn.so.9',
    ])
  })

  it('is not fetched a second time', async () => {
    await install()
    index.files = {}
    expect(await install()).toMatchObject({commit: 'abcdef012'})
  })

  it('is gone on with where an earlier attempt ended', async () => {
    index.cutAfter = 200
    await expect(install([])).rejects.toThrow(RuntimeFailure)
    index.cutAfter = null
    await install()
    expect(index.ranges).toEqual([undefined, 'bytes=200-'])
  })

  it('whose note was cut is that of another commit, and is installed anew', async () => {
    await install()
    writeFileSync(join(folder, 'rpt-cuda-provider.json'), '{"version": "9.8')
    expect((await examineCuda(place(), {})).provider).toBe('other')
    await install()
    expect((await examineCuda(place(), {})).provider).toBe('installed')
  })

  it("is absent, not somebody else's, where an installation ended before its last library was there", async () => {
    await install()
    rmSync(join(folder, 'libonnxruntime_providers_cuda.so'))
    expect((await examineCuda(place(), {})).provider).toBe('absent')
    await install()
    expect((await examineCuda(place(), {})).provider).toBe('installed')
  })

  it('stays as it was where the package lacks a library', async () => {
    await install()
    writeFileSync(join(folder, 'libonnxruntime.so.1'), 'git-commit-id=fffff0000, ')
    const before = present()
    index.files[wheelName] = zipOf({'onnxruntime/capi/libonnxruntime.so.9.8.7': 'git-commit-id=fffff0000, '})
    await expect(install()).rejects.toThrow(DataError)
    expect(present()).toEqual(before)
  })

  it('of another commit is refused', async () => {
    index.files[wheelName] = wheel('0123456ff')
    await expect(install()).rejects.toThrow(/commit 0123456ff; onnxruntime-node from abcdef012/)
    expect(present()).toEqual(untouched)
  })

  it('whose bytes are not those listed is refused', async () => {
    index.alter = (entry) => ({...entry, hashes: {sha256: '0'.repeat(64)}})
    await expect(install()).rejects.toThrow(DataError)
    expect(present()).toEqual(untouched)
  })

  it('in a damaged package is refused', async () => {
    index.files[wheelName] = Buffer.from('no zip file at all')
    await expect(install()).rejects.toThrow(DataError)
    expect(present()).toEqual(untouched)
  })

  it('that somebody else put there stays', async () => {
    for (const name of ['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so'])
      writeFileSync(join(folder, name), fakeLibrary(['libcublas.so.12']))
    await expect(install()).rejects.toThrow(UsageError)
    const {provider, cuda, remedies} = await examineCuda(place(), {})
    expect({provider, cuda}).toEqual({provider: 'foreign', cuda: '12'})
    expect(remedies.join()).toContain('nvidia-cublas-cu12')
  })

  it.each<[string, (index: FakeIndex) => object, RegExp]>([
    ['an index without the version', (at) => Object.assign(at, {files: {}}), /no version 9\.8\.7 for Linux/],
    [
      'an index that has HTML alone',
      (at) => Object.assign(at, {contentType: 'text/html'}),
      /does not list its files as JSON/,
    ],
    ['a listing without sizes', (at) => altered(at, {size: undefined}), /without size or sha256/],
    ['a version that was withdrawn', (at) => altered(at, {yanked: 'bad'}), /no version/],
  ])('%s is refused', async (_, arrange, expected) => {
    arrange(index)
    await expect(install()).rejects.toThrow(expected)
    expect(present()).toEqual(untouched)
  })
})

it('name and password of an index are sent, and stand in no error', async () => {
  const seen: (string | undefined)[] = []
  const server = createServer(({headers}, response) => {
    seen.push(headers.authorization)
    response.writeHead(403).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const {port} = server.address() as AddressInfo
  const index = openIndex({PIP_INDEX_URL: `http://me:s%40cret@127.0.0.1:${port}/simple/`}, {delaysMs: []})
  const error = await findPackage(index, '1').catch((thrown) => thrown)
  expect(seen).toEqual([`Basic ${Buffer.from('me:s@cret').toString('base64')}`])
  expect(`${error.message} ${error.suggestions}`).not.toMatch(/s@cret|s%40cret/)
  expect(error.message).toContain(`127.0.0.1:${port}/simple`)
  await new Promise((resolve) => server.close(resolve))
  expect(() => openIndex({PIP_INDEX_URL: 'ftp://me:s@cret@host/'})).toThrow(/PIP_INDEX_URL is ftp:\/\/host/)
})

it('an index that is no address is refused', () => {
  expect(() => openIndex({PIP_INDEX_URL: 'file:///simple'})).toThrow(UsageError)
})
