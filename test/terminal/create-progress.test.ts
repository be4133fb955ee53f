import {PassThrough} from 'node:stream'
import {expect, it} from 'vitest'
import {createProgress} from '../../src/terminal/create-progress.js'

/** What each stream got of a stage and a line of the result; stderr is a terminal of so many columns. */
async function written(isJson: boolean, env: NodeJS.ProcessEnv, columns: number) {
  const [stdout, stderr] = [new PassThrough(), Object.assign(new PassThrough(), {isTTY: true, columns})]
  const streams = {stdout, stderr} as unknown as {stdout: NodeJS.WriteStream; stderr: NodeJS.WriteStream}
  const progress = await createProgress({isJson, env, ...streams})
  const stage = progress.stage('train', 3, 'steps')
  progress.log('result')
  stage.done('ended')
  return {out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '')}
}

const stage = ['train: 3 steps\n', 'train: ended in 0:00\n'] as const

it.each<[string, NodeJS.ProcessEnv, number]>([
  ['in CI', {CI: 'true'}, 80],
  ['on a terminal that cannot move its cursor', {TERM: 'dumb'}, 80],
  ['on a terminal of unknown width', {}, 0],
])('progress is plain lines %s', async (_, env, columns) => {
  expect(await written(false, env, columns)).toEqual({out: 'result\n', err: stage.join('')})
})

it('under --json progress and lines of the result go to stderr, as plain lines', async () => {
  expect(await written(true, {}, 80)).toEqual({out: '', err: stage.join('result\n')})
})
