import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {resolveSource} from '../../../src/core/hub/resolve-source.js'
import {type Progress, silentProgress} from '../../../src/core/util/progress.js'
import {content, FakeHub} from './fake-hub.js'

it('files of the same content are fetched and counted once, also what an earlier attempt began', async () => {
  const home = mkdtempSync(join(tmpdir(), 'rpt-hub-'))
  const hub = await new FakeHub('owner/name').start()
  const file = {content: content(200_000), isLarge: true}
  hub.files = {'a.bin': file, 'b.bin': file}
  const env = {HF_HOME: home, HF_ENDPOINT: hub.endpoint}
  const resolve = (progress: Progress) =>
    resolveSource('model', 'owner/name', {kind: 'model', files: () => true, progress, env, delaysMs: [1]})

  hub.breaks = [1000, 0, 0]
  await expect(resolve(silentProgress)).rejects.toThrow('connection')
  const blobs = join(home, 'hub', 'models--owner--name', 'blobs')
  const [begun] = readdirSync(blobs).map((name) => statSync(join(blobs, name)).size)
  expect(begun).toBeGreaterThan(0)
  expect(existsSync(join(blobs, '..', 'snapshots')), 'no name before there is content').toBe(false)

  hub.breaks = []
  const stages: unknown[] = []
  let advanced = 0
  const advance = (count: number) => {
    advanced += count
  }
  const stage: Progress['stage'] = (...described) => {
    stages.push(described)
    return {advance, note() {}, done() {}}
  }
  const {folder} = await resolve({...silentProgress, stage})
  expect(stages).toEqual([['download owner/name', 200_000, 'bytes', begun]])
  expect(advanced).toBe(200_000 - begun)
  for (const name of ['a.bin', 'b.bin']) expect(readFileSync(join(folder, name))).toEqual(file.content)
  await hub.stop()
  rmSync(home, {recursive: true, force: true})
})
