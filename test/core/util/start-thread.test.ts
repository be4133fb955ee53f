import {spawnSync} from 'node:child_process'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'
import {expect, it} from 'vitest'

const root = join(import.meta.dirname, '..', '..', '..')

it('a program that runs from source starts its threads from source', () => {
  const module = pathToFileURL(join(root, 'src', 'core', 'engine', 'start-engine.ts'))
  const script = `
    import {startEngine} from '${module}'
    const engine = startEngine({device: 'cpu', threads: 1})
    console.log(JSON.stringify(await engine.passedBytes()))
    await engine.close()`
  const args = ['--import', 'tsx', '--input-type=module', '-e', script]
  const {status, stdout, stderr} = spawnSync(process.execPath, args, {encoding: 'utf8', cwd: root})
  expect({status, stderr}).toEqual({status: 0, stderr: ''})
  expect(JSON.parse(stdout)).toEqual({toDevice: 0, fromDevice: 0})
})
