import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {CudaMajor} from '../../../src/core/config/names.js'
import {examineCuda} from '../../../src/core/cuda/examine-cuda.js'
import {installProvider} from '../../../src/core/cuda/install-provider.js'
import {findPackage, openIndex} from '../../../src/core/cuda/provider-package.js'
import {openReleases} from '../../../src/core/cuda/provider-release.js'
import {DataError, RuntimeFailure, UsageError} from '../../../src/core/util/errors.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {FakeIndex, zipOf} from './fake-index.js'
import {fakeLibrary} from './fake-library.js'
import {tarballOf} from './fake-tarball.js'

const isRight = process.platform === 'linux' && process.arch === 'x64'

/** What the two builds differ in. */
const builds = {
  '13': {
    file: 'onnxruntime_gpu-9.8.7-cp311-cp311-manylinux_2_28_x86_64.whl',
    libraries: 'onnxruntime/capi',
    pack: zipOf,
    connect: (delaysMs: readonly number[]) => openIndex({PIP_INDEX_URL: `${index.address}/`}, {delaysMs}),
  },
  '12': {
    file: 'onnxruntime-linux-x64-gpu_cuda12-9.8.7.tgz',
    libraries: 'onnxruntime-linux-x64-gpu_cuda12-9.8.7/lib',
    pack: tarballOf,
    connect: (delaysMs: readonly number[]) => ({...openReleases({}, {delaysMs}), endpoint: index.origin}),
  },
} as const satisfies Record<CudaMajor, object>

const libraryFor = (cuda: CudaMajor) => fakeLibrary([`libcublas.so.${cuda}`, `libcudart.so.${cuda}`, 'libc.so.6'])

function packageOf(cuda: CudaMajor, commit = 'abcdef012', library = libraryFor(cuda)): Buffer {
  const {pack, libraries} = builds[cuda]
  return pack({
    [`${libraries}/libonnxruntime.so.9.8.7`]: `${'x'.repeat(100)}git-commit-id=${commit}, build type=Release`,
    [`${libraries}/libonnxruntime_providers_shared.so`]: 'shared',
    [`${libraries}/libonnxruntime_providers_cuda.so`]: library,
  })
}

let folder: string
let index: FakeIndex

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rpt-cuda-'))
  writeFileSync(join(folder, 'libonnxruntime.so.1'), 'ORT Build Info: git-branch=x, git-commit-id=abcdef012, build')
  index = await new FakeIndex().start()
  index.files = {
    [builds[13].file]: packageOf('13'),
    [builds[12].file]: packageOf('12'),
    'onnxruntime_gpu-9.8.7-cp311-cp311-win_amd64.whl': Buffer.from('other'),
    'onnxruntime-linux-x64-9.8.7.tgz': Buffer.from('other'),
  }
})

afterEach(async () => {
  await index.stop()
  rmSync(folder, {recursive: true, force: true})
})

const place = () => ({folder, version: '9.8.7'})
const installFor = (cuda: CudaMajor, delaysMs: readonly number[] = [1]) =>
  installProvider(place(), cuda, builds[cuda].connect(delaysMs), silentProgress)
const present = () => readdirSync(folder).sort()
const altered = (at: FakeIndex, changes: object) =>
  Object.assign(at, {alter: (entry: object) => ({...entry, ...changes})})
const untouched = ['libonnxruntime.so.1']

describe.skipIf(!isRight).each(['13', '12'] as const)('the provider for CUDA %s', (cuda) => {
  const install = (delaysMs?: readonly number[]) => installFor(cuda, delaysMs)
  const {file, libraries, pack} = builds[cuda]

  it('is taken from the package of the same version, and what it was made from is noted', async () => {
    const note = await install()
    expect(note).toMatchObject({version: '9.8.7', commit: 'abcdef012', cuda, source: {name: file}})
    expect(present()).toEqual([
      'libonnxruntime.so.1',
      'libonnxruntime_providers_cuda.so',
      'libonnxruntime_providers_shared.so',
      'rpt-cuda-provider.json',
    ])
    expect(readFileSync(join(folder, 'libonnxruntime_providers_cuda.so'))).toEqual(libraryFor(cuda))
    const report = await examineCuda(place(), {})
    expect(report).toMatchObject({provider: 'installed', cuda})
    expect(report.libraries.map(({name}) => name)).toEqual([
      `libcublas.so.${cuda}`,
      `libcudart.so.${cuda}`,
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

  it.each([
    ['was cut', '{"version": "9.8'],
    [
      'does not say which CUDA',
      '{"version": "9.8.7", "commit": "abcdef012", "source": {"name": "a.whl", "sha256": ""}}',
    ],
  ])('whose note %s is that of another commit, and is installed anew', async (_, note) => {
    await install()
    writeFileSync(join(folder, 'rpt-cuda-provider.json'), note)
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
    index.files[file] = pack({[`${libraries}/libonnxruntime.so.9.8.7`]: 'git-commit-id=fffff0000, '})
    await expect(install()).rejects.toThrow(/has no file like .*libonnxruntime_providers_shared/)
    expect(present()).toEqual(before)
  })

  it('of another commit is refused', async () => {
    index.files[file] = packageOf(cuda, '0123456ff')
    await expect(install()).rejects.toThrow(/commit 0123456ff; onnxruntime-node from abcdef012/)
    expect(present()).toEqual(untouched)
  })

  it('that needs another CUDA than the package is for is refused', async () => {
    index.files[file] = packageOf(cuda, 'abcdef012', fakeLibrary(['libcublas.so.11']))
    await expect(install()).rejects.toThrow(`is built for CUDA 11; expected CUDA ${cuda}`)
    expect(present()).toEqual(untouched)
  })

  it('whose bytes are not those listed is refused', async () => {
    const sha256 = '0'.repeat(64)
    index.alter = (entry) => ({...entry, hashes: {sha256}, digest: `sha256:${sha256}`})
    await expect(install()).rejects.toThrow(`expected ${sha256}, as listed`)
    expect(present()).toEqual(untouched)
  })

  it('in a damaged package is refused', async () => {
    for (const bytes of [Buffer.from('no package at all'), index.files[file].subarray(0, 300)]) {
      index.files[file] = bytes
      await expect(install()).rejects.toThrow(DataError)
      expect(present()).toEqual(untouched)
    }
  })

  it('that somebody else put there stays', async () => {
    for (const name of ['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so'])
      writeFileSync(join(folder, name), fakeLibrary(['libcublas.so.12']))
    await expect(install()).rejects.toThrow(UsageError)
    const report = await examineCuda(place(), {})
    expect(report).toMatchObject({provider: 'foreign', cuda: '12'})
    expect(report.remedies.join()).toContain('nvidia-cublas-cu12')
  })

  it('takes the place of that for the other CUDA', async () => {
    await installFor(cuda === '13' ? '12' : '13')
    await install()
    expect(await examineCuda(place(), {})).toMatchObject({provider: 'installed', cuda})
  })
})

describe.skipIf(!isRight)('a listing', () => {
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
    await expect(installFor('13')).rejects.toThrow(expected)
    expect(present()).toEqual(untouched)
  })

  it.each<[string, (index: FakeIndex) => object, RegExp]>([
    ['a release without the package', (at) => Object.assign(at, {files: {}}), /9\.8\.7 has no .*gpu_cuda12-9\.8\.7/],
    ['no sha256', (at) => altered(at, {digest: null}), /without its sha256/],
    ['another hash', (at) => altered(at, {digest: 'sha1:0123'}), /without its sha256/],
    ['no sizes', (at) => altered(at, {size: undefined}), /does not describe the files of 9\.8\.7/],
  ])('of GitHub with %s is refused, and CUDA 13 is offered', async (_, arrange, expected) => {
    arrange(index)
    const error = await installFor('12').catch((thrown) => thrown)
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toMatch(expected)
    expect(error.suggestions.join()).toContain('rpt doctor --install-cuda --cuda 13')
    expect(present()).toEqual(untouched)
  })

  it('of GitHub that cannot be had names what else serves', async () => {
    const other = {...place(), version: '1.2.3'}
    const error = await installProvider(other, '12', builds[12].connect([]), silentProgress).catch((thrown) => thrown)
    expect(error.message).toBe('release of microsoft/onnxruntime: there is no such release (404)')
    const nowhere = {...builds[12].connect([]), endpoint: 'http://127.0.0.1:1'}
    const unreached = await installProvider(place(), '12', nowhere, silentProgress).catch((thrown) => thrown)
    expect(unreached).toBeInstanceOf(RuntimeFailure)
    for (const {suggestions} of [error, unreached]) expect(suggestions.join()).toContain('--install-cuda --cuda 13')
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
