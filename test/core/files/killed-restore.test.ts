import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {expect, it, vi} from 'vitest'
import {checkWritable, fillOutput, outputKinds, outputState, restoreFolder} from '../../../src/core/files/index.js'

/** Operations until the process is killed. */
let left = Number.POSITIVE_INFINITY

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  const rename: typeof real.rename = async (from, to) => {
    if (left-- <= 0) throw new Error('killed')
    await real.rename(from, to)
  }
  /** Of a folder, a kill may leave any part. */
  const rm: typeof real.rm = async (path, options) => {
    if (left-- > 0) return real.rm(path, options)
    for (const name of readdirSync(String(path)).slice(0, 1)) await real.rm(join(String(path), name), options)
    throw new Error('killed')
  }
  return {...real, rename, rm}
})

/** An id that no process has: Linux ends below. */
const deadPid = 2 ** 22 + 1
const staging = `staging.rpt-tmp-${deadPid}`
const replaced = `staging.rpt-old-${deadPid}`
const file = {size: 3, sha256: ''}

/** A folder whose old files were aside when the new ones had begun to come in. */
const killed = {
  'documents.arrow': 'new',
  'positions.arrow': 'new',
  [`${replaced}/manifest.json`]: 'old',
  [`${replaced}/documents.arrow`]: 'old',
  [`${replaced}/positions.arrow`]: 'old',
  [`${staging}/summary.json`]: 'new',
  [`${staging}/manifest.json`]: JSON.stringify({
    files: {'documents.arrow': file, 'positions.arrow': file, 'summary.json': file},
  }),
}
const before = {'documents.arrow': 'old', 'manifest.json': 'old', 'positions.arrow': 'old'}

/** Kills at the first operation, then at the second, and so on, until nothing is killed; says how often. */
async function killEverywhere(
  files: Readonly<Record<string, string>>,
  act: (folder: string) => Promise<unknown>,
  check: (found: Readonly<Record<string, string>>, operations: number) => void,
): Promise<number> {
  for (let operations = 0; ; operations++) {
    const folder = mkdtempSync(join(tmpdir(), 'rpt-'))
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), {recursive: true})
      writeFileSync(join(folder, name), text)
    }
    left = operations
    await act(folder).catch((error) => {
      if (left >= 0) throw error
    })
    const isKilled = left < 0
    left = Number.POSITIVE_INFINITY
    await restoreFolder(folder)
    check(
      Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')])),
      operations,
    )
    rmSync(folder, {recursive: true})
    if (!isKilled) return operations
  }
}

it('a killed filling is taken back whole, at whatever operation that is killed, too', async () => {
  const kills = await killEverywhere(killed, restoreFolder, (found, operations) => {
    expect(found, `killed at operation ${operations}`).toEqual(before)
  })
  expect(kills).toBeGreaterThan(5)
})

it('a filling that is killed at whatever operation leaves all of the old, or all of the new', async () => {
  const fill = async (folder: string) => {
    for (const name of ['documents.arrow', 'summary.json']) writeFileSync(join(folder, name), 'new')
  }
  const fillFolder = (folder: string) => fillOutput(folder, {files: /arrow$|json$|lock$/}, fill, () => ({}))
  const kills = await killEverywhere(before, fillFolder, ({'manifest.json': manifest, ...found}, operations) => {
    const isNew = manifest !== 'old'
    const expected = isNew
      ? {'documents.arrow': 'new', 'summary.json': 'new'}
      : {'documents.arrow': 'old', 'positions.arrow': 'old'}
    expect(found, `killed at operation ${operations}`).toEqual(expected)
    if (isNew) expect(Object.keys(JSON.parse(manifest).files)).toEqual(Object.keys(found))
  })
  expect(kills).toBeGreaterThan(5)
})

it('a trial whether a folder can be written, killed half-way, leaves what counts as nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rpt-'))
  left = 0
  await expect(checkWritable(folder)).rejects.toThrow('killed')
  left = Number.POSITIVE_INFINITY
  expect(readdirSync(folder)).toHaveLength(1)
  expect(outputState(folder, outputKinds.run, 'train')).toBe('empty')
})
