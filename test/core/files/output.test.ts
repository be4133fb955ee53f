import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {beforeEach, describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {
  checkOutput,
  checkOutputFile,
  fillOutput,
  guardWrite,
  outputKinds,
  outputState,
  removeOwn,
  restoreFolder,
  verifyFolder,
} from '../../../src/core/files/index.js'
import {UsageError} from '../../../src/core/util/errors.js'

let folder: string
const at = (...parts: string[]) => join(folder, ...parts)
/** An id that no process has: Linux ends below. */
const deadPid = 2 ** 22 + 1
/** Left where a process was killed while it tried whether it may write. */
const probe = `.rpt-probe.rpt-tmp-${deadPid}`

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(at(path)), {recursive: true})
    writeFileSync(at(path), text)
  }
}

const runMark = {'run/run.json': '{"rpt": "run"}'}
const config = (...sets: string[]) => loadConfig({sets: [`out=${at('run')}`, ...sets], cwd: folder}).config
const replace = {command: 'train', resume: false, overwrite: true}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rpt-output-'))
})

describe('an output folder', () => {
  it.each<[string, Record<string, string>, string]>([
    ['nothing is there', {}, 'absent'],
    [
      'it holds the lock and the leavings of a killed process',
      {
        [`run/summary.json.rpt-tmp-${deadPid}-00000000`]: '',
        [`run/run.lock.rpt-old-${deadPid}`]: '',
        'run/run.lock': '',
      },
      'empty',
    ],
    ['a process was killed while it tried to write there', {[`run/${probe}/x`]: ''}, 'empty'],
    ['it holds what the file system puts there', {'run/lost+found/x': ''}, 'empty'],
    ['it bears the mark', runMark, 'ours'],
    ['it only has names that runs have', {'run/logs/web.txt': '', 'run/summary.json': '{}'}, 'foreign'],
    ['its mark is of another kind', {'run/run.json': '{"rpt": "prepared-data"}'}, 'foreign'],
    ["somebody's file is called like the mark", {'run/run.json': '{"name": "my app"}'}, 'foreign'],
  ])('when %s', (_, files, state) => {
    write(files)
    expect(outputState(at('run'), outputKinds.run, 'train')).toBe(state)
  })

  it.each<[string, Record<string, string>, RegExp, number]>([
    ['the mark is gone', {'run/logs/attempt-1.jsonl': ''}, /holds files of rpt, but run\.json is missing/, 2],
    [
      'the mark is spoiled',
      {'run/run.json': '{', 'run/logs/attempt-1.jsonl': ''},
      /reading .*run\.json, the mark of/,
      3,
    ],
    ["the mark is somebody's", {'run/run.json': '{"name": "app"}'}, /run\.json is not from rpt/, 2],
    ['others put a file there', {'run/run.json': '{', 'run/thesis.txt': ''}, /no run directory that rpt wrote/, 2],
  ])('names what is wrong when %s', (_, files, message, exitCode) => {
    write(files)
    const refused = () => checkOutput(config(), outputKinds.run, {...replace, resume: true, overwrite: false})
    expect(refused).toThrow(message)
    expect(refused).toThrow(expect.objectContaining({exitCode}))
  })

  it('cannot be a file, nor a link that leads nowhere', () => {
    write({file: ''})
    symlinkSync('nowhere', at('link'))
    expect(() => outputState(at('file'), outputKinds.run, 'train')).toThrow(/is a file; needs a folder/)
    expect(() => outputState(at('link'), outputKinds.run, 'train')).toThrow(
      /is a link to nowhere, which does not exist/,
    )
  })
})

describe('--overwrite', () => {
  it.each([
    'thesis.txt',
    'logs/web.txt',
    'checkpoints/best/model.safetensors',
    'checkpoints/step-000001/notes.md',
    'rollouts/old/step-000001.arrow',
    'runs/seed=1/thesis.txt',
  ])('is refused where somebody put %s into a run', (path) => {
    write({...runMark, [`run/${path}`]: 'mine'})
    expect(() => checkOutput(config(), outputKinds.run, replace)).toThrow(/would remove .*, which rpt did not write/)
    expect(readFileSync(at('run', path), 'utf8')).toBe('mine')
  })

  it('is refused where a part of the run is a link to another place', () => {
    write({...runMark, 'big/step-000001/config.json': ''})
    symlinkSync(at('big'), at('run', 'checkpoints'))
    expect(() => checkOutput(config(), outputKinds.run, replace)).toThrow(/would remove checkpoints/)
  })

  it.each([
    ['model.path', 'run/checkpoints/step-000001'],
    ['model.path', 'run'],
    ['prompt.templateFile', 'run/config.resolved.yaml'],
    ['data.dir', '.'],
  ])('is refused where %s is %s', (key, path) => {
    write({...runMark, 'run/checkpoints/step-000001/config.json': '{}', 'run/config.resolved.yaml': ''})
    expect(() => checkOutput(config(`${key}=${at(path)}`), outputKinds.run, replace)).toThrow(
      new RegExp(`would remove an input of the command: ${key}`),
    )
  })

  it('takes what a run wrote, and leaves the lock and what the system put there', async () => {
    write({
      ...runMark,
      'run/run.lock': '',
      'run/lost+found/x': '',
      [`run/${probe}/x`]: '',
      'run/logs/attempt-1.jsonl': '',
      'run/eval/step-000002.arrow': '',
      // The name of the run that was evaluated has a line end.
      'run/eval/a\nb-step-000002.arrow': '',
      [`run/eval/a\nb-step-000003.arrow.rpt-tmp-${deadPid}`]: '',
      'run/checkpoints/step-000002/optimizer.safetensors': '',
      'run/checkpoints/step-000002/average.safetensors': '',
    })
    expect(checkOutput(config(), outputKinds.run, replace)).toBe('ours')
    await removeOwn(at('run'), outputKinds.run.layout, ['run.lock'])
    expect(readdirSync(at('run')).sort()).toEqual([probe, 'lost+found', 'run.lock'])
  })
})

describe('filling an output folder', () => {
  const {layout} = outputKinds.preparedData
  const fill = (text: string) => async (staging: string) => {
    writeFileSync(join(staging, 'documents.arrow'), text)
    writeFileSync(join(staging, 'summary.json'), text)
  }
  const fields = () => ({rpt: 'prepared-data'})
  const names = () => readdirSync(at('data')).sort()

  it('makes one that is not there', async () => {
    await fillOutput(at('data'), layout, fill('1'), fields)
    expect(verifyFolder(at('data')).kind).toBe('valid')
  })

  it('keeps mode and place of one that is there, and follows a link', async () => {
    mkdirSync(at('data'), {mode: 0o750})
    symlinkSync('data', at('link'))
    const {ino} = statSync(at('data'))
    await fillOutput(at('link'), layout, fill('1'), fields)
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true)
    expect(statSync(at('data'))).toMatchObject({ino, mode: 0o40750})
    expect(names()).toEqual(['documents.arrow', 'manifest.json', 'summary.json'])
    expect(verifyFolder(at('data')).kind).toBe('valid')
  })

  it('replaces an earlier result, and removes what killed processes left', async () => {
    await fillOutput(at('data'), layout, fill('1'), fields)
    write({'data/positions.arrow': 'old', [`data/run.lock.rpt-tmp-${deadPid}`]: '', [`data/${probe}/x`]: ''})
    await fillOutput(at('data'), layout, fill('2'), fields)
    expect(names()).toEqual(['documents.arrow', 'manifest.json', 'summary.json'])
    expect(readFileSync(at('data', 'documents.arrow'), 'utf8')).toBe('2')
  })

  it.each([true, false])('leaves it as it was found on failure (empty: %s)', async (isEmpty) => {
    if (isEmpty) mkdirSync(at('data'))
    else await fillOutput(at('data'), layout, fill('1'), fields)
    const before = names()
    const failing = fillOutput(
      at('data'),
      layout,
      async (staging) => {
        writeFileSync(join(staging, 'documents.arrow'), '2')
        throw new Error('no more')
      },
      fields,
    )
    await expect(failing).rejects.toThrow('no more')
    expect(names()).toEqual(before)
    if (!isEmpty) expect(readFileSync(at('data', 'documents.arrow'), 'utf8')).toBe('1')
  })

  it('writes nothing where somebody else has put something there meanwhile', async () => {
    mkdirSync(at('data'))
    const filling = fillOutput(
      at('data'),
      layout,
      async (staging) => {
        await fill('1')(staging)
        write({'data/thesis.txt': 'mine'})
      },
      fields,
    )
    await expect(filling).rejects.toThrow(/thesis.txt appeared while the folder was filled/)
    expect(names()).toEqual(['thesis.txt'])
    const making = fillOutput(
      at('new'),
      layout,
      async (staging) => {
        await fill('1')(staging)
        write({'new/thesis.txt': 'mine'})
      },
      fields,
    )
    await expect(making).rejects.toThrow(/was created by somebody else meanwhile/)
    expect(readdirSync(at('new'))).toEqual(['thesis.txt'])
  })

  const staging = `staging.rpt-tmp-${deadPid}`
  const replaced = `staging.rpt-old-${deadPid}`
  const file = {size: 3, sha256: ''}
  const manifest = JSON.stringify({files: {'documents.arrow': file, 'positions.arrow': file, 'summary.json': file}})
  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['while it filled', {'a.arrow': 'old', [`${staging}/documents.arrow`]: 'new'}, {'a.arrow': 'old'}],
    [
      'while the old went aside',
      {
        'summary.json': 'old',
        [`${replaced}/manifest.json`]: 'old',
        [`${replaced}/documents.arrow`]: 'old',
        [`${staging}/documents.arrow`]: 'new',
        [`${staging}/positions.arrow`]: 'new',
        [`${staging}/summary.json`]: 'new',
        [`${staging}/manifest.json`]: manifest,
      },
      {'summary.json': 'old', 'manifest.json': 'old', 'documents.arrow': 'old'},
    ],
    [
      'while the new came in',
      {
        'documents.arrow': 'new',
        'positions.arrow': 'new',
        [`${replaced}/manifest.json`]: 'old',
        [`${replaced}/documents.arrow`]: 'old',
        [`${staging}/summary.json`]: 'new',
        [`${staging}/manifest.json`]: manifest,
      },
      {'manifest.json': 'old', 'documents.arrow': 'old'},
    ],
    [
      'when all was done but the tidying',
      {
        'documents.arrow': 'new',
        'manifest.json': manifest,
        [`${replaced}/documents.arrow`]: 'old',
        [`${staging}/x`]: '',
      },
      {'documents.arrow': 'new', 'manifest.json': manifest},
    ],
  ])('is put in order after a kill %s', async (_, files, expected) => {
    write(Object.fromEntries(Object.entries(files).map(([name, text]) => [`data/${name}`, text])))
    await restoreFolder(at('data'))
    const found = Object.fromEntries(names().map((name) => [name, readFileSync(at('data', name), 'utf8')]))
    expect(found).toEqual(expected)
  })

  it('is left to a process that fills it, also where one of another machine has its id', async () => {
    mkdirSync(at('data'))
    await fillOutput(
      at('data'),
      layout,
      async (staging) => {
        await expect(restoreFolder(at('data'))).rejects.toThrow(/locked by process \d+/)
        await fill('1')(staging)
      },
      fields,
    )
    const other = {[`data/staging.rpt-tmp-${process.pid}-00000000/a.arrow`]: 'half'}
    write({...other, 'data/run.lock': JSON.stringify({pid: process.pid, start: null, host: 'other'})})
    await expect(restoreFolder(at('data'))).rejects.toThrow(`locked by process ${process.pid} on other`)
    expect(existsSync(at(Object.keys(other)[0]))).toBe(true)
  })

  it('is put in order where a process of another machine was killed, once its lock is gone', async () => {
    const owner = `${process.pid}-00000000`
    write({[`data/staging.rpt-old-${owner}/a.arrow`]: 'old', [`data/staging.rpt-tmp-${owner}/manifest.json`]: manifest})
    await restoreFolder(at('data'))
    expect(names()).toEqual(['a.arrow'])
  })
})

describe('an output file', () => {
  const mark = '<mark>'
  const check = (path: string) => guardWrite('writing', path, () => checkOutputFile(path, mark, 'report'))

  it('may be new, empty, or one that bears the mark, also at the end of a link', async () => {
    write({empty: '', ours: `<html>${mark}`})
    symlinkSync('ours', at('link'))
    expect(await check(at('new'))).toBe(at('new'))
    expect(await check(at('empty'))).toBe(at('empty'))
    expect(await check(at('link'))).toBe(at('ours'))
  })

  it("may not be somebody's file, a folder, a device, nor a link that leads nowhere", async () => {
    write({thesis: 'mine'})
    mkdirSync(at('folder'))
    symlinkSync('nowhere', at('dangling'))
    for (const path of [at('thesis'), at('folder'), '/dev/null', at('dangling')])
      await expect(check(path), path).rejects.toThrow(UsageError)
    expect(readFileSync(at('thesis'), 'utf8')).toBe('mine')
    expect(existsSync(at('nowhere'))).toBe(false)
  })
})
