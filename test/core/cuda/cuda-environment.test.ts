import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {CudaMajor} from '../../../src/core/config/names.js'
import {chooseCuda} from '../../../src/core/cuda/choose-cuda.js'
import {neededLibraries} from '../../../src/core/cuda/elf.js'
import {cudaEnvironment} from '../../../src/core/cuda/environment.js'
import {examineCuda} from '../../../src/core/cuda/examine-cuda.js'
import {findLibrary, libraryFolders} from '../../../src/core/cuda/library-search.js'
import {commitIn, noteFile} from '../../../src/core/cuda/provider-files.js'
import {devices} from '../../../src/core/runtime/devices.js'
import {DataError} from '../../../src/core/util/errors.js'
import {fakeLibrary} from './fake-library.js'

let root: string
const place = () => ({folder: root, version: '1'})

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rpt-cuda-'))
  writeFileSync(join(root, 'libonnxruntime.so.1'), 'git-commit-id=abc, ')
})

afterEach(() => rmSync(root, {recursive: true, force: true}))

function provide(needed: readonly string[]): void {
  writeFileSync(join(root, 'libonnxruntime_providers_shared.so'), '')
  writeFileSync(join(root, 'libonnxruntime_providers_cuda.so'), fakeLibrary(needed))
}

/** A library in a Python environment, as pip puts it there. */
function pipPackage(environment: string, name: string, library: string): string {
  const folder = join(environment, 'lib', 'python3.12', 'site-packages', 'nvidia', name, 'lib')
  mkdirSync(folder, {recursive: true})
  writeFileSync(join(folder, library), '')
  return folder
}

describe('neededLibraries', () => {
  it.skipIf(process.platform !== 'linux')('reads what a real program is linked with', () => {
    expect(neededLibraries(process.execPath)).toContain('libc.so.6')
  })

  it.each([
    ['text', Buffer.from('no library')],
    ['nothing', Buffer.alloc(0)],
    ['a cut one', fakeLibrary(['libc.so.6']).subarray(0, 100)],
  ])('refuses %s', (_, content) => {
    const file = join(root, 'library')
    writeFileSync(file, content)
    expect(() => neededLibraries(file)).toThrow(DataError)
  })
})

it('the commit of a library is found wherever its bytes are cut', async () => {
  const library = Buffer.from('... git-commit-id=0a1b2c3, build type=Release')
  for (let at = 1; at < library.length; at++) {
    const pieces = [library.subarray(0, at), library.subarray(at)]
    expect(await commitIn(Readable.from(pieces))).toBe('0a1b2c3')
  }
})

describe('libraries', () => {
  it('are found in the folders of the loader first, then where pip and the toolkit put them', () => {
    const folder = pipPackage(join(root, 'venv'), 'cublas', 'libcublas.so.13')
    const hidden = findLibrary('libcublas.so.13', libraryFolders({VIRTUAL_ENV: join(root, 'venv')}))
    expect(hidden).toEqual({name: 'libcublas.so.13', folder, isLoadable: false})
    const named = libraryFolders({VIRTUAL_ENV: join(root, 'venv'), LD_LIBRARY_PATH: `/nowhere:${folder}`})
    expect(findLibrary('libcublas.so.13', named)).toEqual({name: 'libcublas.so.13', folder, isLoadable: true})
    expect(findLibrary('libcublas.so.99', named)).toEqual({name: 'libcublas.so.99', folder: null, isLoadable: false})
  })

  it('of the system are among those that the loader finds', () => {
    if (process.platform === 'linux') expect(findLibrary('libc.so.6', libraryFolders({})).isLoadable).toBe(true)
  })
})

describe('the environment of CUDA', () => {
  it('names folders that the loader would not search, after those that the user names', async () => {
    provide(['libcublas.so.13'])
    const folder = pipPackage(join(root, 'venv'), 'cublas', 'libcublas.so.13')
    const env = {VIRTUAL_ENV: join(root, 'venv'), LD_LIBRARY_PATH: '/mine'}
    expect(await cudaEnvironment(env, {tf32: true}, place())).toEqual({LD_LIBRARY_PATH: `/mine:${folder}`})
  })

  it('turns TF32 off unless it is asked for, and leaves what the user set', async () => {
    provide([])
    expect(await cudaEnvironment({}, {tf32: false}, place())).toEqual({NVIDIA_TF32_OVERRIDE: '0'})
    expect(await cudaEnvironment({}, {tf32: true}, place())).toEqual({})
    expect(await cudaEnvironment({NVIDIA_TF32_OVERRIDE: '1'}, {tf32: false}, place())).toEqual({})
  })

  it('says whether products may be rounded to TF32, whoever set it', () => {
    expect(devices.cuda.roundsToTf32!({})).toBe(true)
    expect(devices.cuda.roundsToTf32!({NVIDIA_TF32_OVERRIDE: '1'})).toBe(true)
    expect(devices.cuda.roundsToTf32!({NVIDIA_TF32_OVERRIDE: '0'})).toBe(false)
    expect(devices.cpu.roundsToTf32).toBeUndefined()
  })

  it('asks for nothing where there is no provider', async () => {
    expect(await cudaEnvironment({}, {tf32: false}, place())).toEqual({})
  })
})

describe('what is missing', () => {
  it('is named, with packages of the right version of CUDA that bring it', async () => {
    provide(['libcublasLt.so.13', 'libcublas.so.13', 'libcudart.so.13', 'libm.so.6'])
    const {missing, remedies, searched} = await examineCuda(place(), {LD_LIBRARY_PATH: '/mine'})
    expect(missing).toEqual(expect.arrayContaining(['libcublasLt.so.13', 'libcublas.so.13', 'libcuda.so.1']))
    expect(missing).not.toContain('libm.so.6')
    expect(remedies[0]).toContain('driver')
    expect(remedies[1]).toMatch(/pip install nvidia-cublas .*nvidia-cudnn-cu13/)
    expect(searched[0]).toBe('/mine')
  })

  it('is the provider itself, where there is none', async () => {
    expect(await examineCuda(place(), {})).toMatchObject({
      provider: 'absent',
      remedies: ['run rpt doctor --install-cuda'],
    })
  })

  it('is a provider of the same commit, where rpt installed one for another onnxruntime', async () => {
    provide([])
    const note = {version: '1', commit: 'abc', cuda: '13', source: {name: 'a.whl', sha256: ''}}
    const examine = async (commit: string) => {
      writeFileSync(noteFile(place()), JSON.stringify({...note, commit}))
      const {provider, remedies} = await examineCuda(place(), {})
      return [provider, remedies.includes('run rpt doctor --install-cuda')]
    }
    expect(await examine('abc')).toEqual(['installed', false])
    expect(await examine('def')).toEqual(['other', true])
  })

  it('is a provider for the CUDA that is here, where only another is: rpt fetches it', async () => {
    const env = {VIRTUAL_ENV: join(root, 'venv')}
    const folder = pipPackage(join(root, 'venv'), 'cublas', 'libcublas.so.12')
    const note = {version: '1', commit: 'abc', cuda: '13', source: {name: 'a.whl', sha256: ''}}
    writeFileSync(noteFile(place()), JSON.stringify(note))
    const remedies = async () => (await examineCuda(place(), env)).remedies
    const other = `run rpt doctor --install-cuda: the provider is for CUDA 13, and only CUDA 12 is here, in ${folder}`
    provide(['libcublas.so.13'])
    expect(await remedies()).toContain(other)
    provide(['libcublas.so.12'])
    expect((await remedies()).join()).not.toContain('is for CUDA')
    pipPackage(join(root, 'venv'), 'other', 'libcublas.so.13')
    provide(['libcublas.so.13'])
    expect((await remedies()).join()).not.toContain('is for CUDA')
  })

  it('is the CUDA of a provider that rpt did not install, and does not replace', async () => {
    const folder = pipPackage(join(root, 'venv'), 'cublas', 'libcublas.so.12')
    provide(['libcublas.so.13'])
    expect((await examineCuda(place(), {VIRTUAL_ENV: join(root, 'venv')})).remedies).toContain(
      `install CUDA 13 beside CUDA 12: that in ${folder} does not serve a provider for CUDA 13`,
    )
  })
})

describe('the CUDA whose provider is fetched', () => {
  const choose = (present: readonly string[], asked?: CudaMajor) => {
    const folder = join(root, 'libraries')
    mkdirSync(folder)
    for (const major of present) writeFileSync(join(folder, `libcublas.so.${major}`), '')
    return chooseCuda({loader: [], usual: [folder]}, asked)
  }

  it('is the one that is here, else the newest', () => {
    expect(choose(['12'])).toEqual({cuda: '12', reason: `only CUDA 12 is here, in ${join(root, 'libraries')}`})
  })

  it.each<[string, readonly string[], RegExp]>([
    ['is here alone', ['13'], /^only CUDA 13 is here, in/],
    ['is here beside 12', ['12', '13'], /^CUDA 13 and 12 are here$/],
    ['is not here, but neither is 12', ['11'], /^no CUDA was found here/],
  ])('is 13 where it %s', (_, present, reason) => {
    expect(choose(present)).toEqual({cuda: '13', reason: expect.stringMatching(reason)})
  })

  it('is the one that is asked for, whatever is here', () => {
    expect(choose(['13'], '12')).toEqual({cuda: '12', reason: 'as --cuda says'})
  })
})
