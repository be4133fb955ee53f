import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, describe, expect, it} from 'vitest'
import {needsRestart} from '../../src/terminal/restart.js'

const folder = mkdtempSync(join(tmpdir(), 'rpt-restart-'))
const source = new URL('../../src/terminal/restart.ts', import.meta.url).href
const script = join(folder, 'command.mjs')
writeFileSync(
  script,
  `import {endWithFirst, needsRestart, restart} from ${JSON.stringify(source)}
const wanted = {RPT_TEST_VALUE: 'new'}
if (needsRestart(wanted)) {
  process.on('SIGINT', () => console.log('the first one heard it itself'))
  await restart(wanted)
}
endWithFirst()
process.on('SIGWINCH', () => console.log('heard SIGWINCH'))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    console.log('heard', signal)
    setTimeout(() => process.exit(7), 300)
  })
console.log('value', process.env.RPT_TEST_VALUE, process.argv[2], process.pid)
setTimeout(() => process.exit(3), Number(process.argv[3]))
`,
)

afterAll(() => rmSync(folder, {recursive: true, force: true}))

/** The command in a process; its output so far, and its status. */
function start(lastsMs: number) {
  const args = ['--import', 'tsx', script, 'an argument', String(lastsMs)]
  const {RPT_RESTARTED: _, ...env} = process.env
  const child = spawn(process.execPath, args, {stdio: ['ignore', 'pipe', 'inherit'], env})
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  const said = async (words: RegExp) => {
    while (!words.test(output)) await new Promise((resolve) => setTimeout(resolve, 20))
    return words.exec(output)!
  }
  return {child, said, output: () => output, exit: once(child, 'exit')}
}

describe.skipIf(process.platform === 'win32')('a command that starts anew', () => {
  it('runs once, with the variables, arguments and streams, and ends with the status of the new process', async () => {
    const {exit, output} = start(0)
    expect(await exit).toEqual([3, null])
    expect(output()).toMatch(/^value new an argument \d+\n$/)
  })

  it('tells the new process of a new size of the terminal', async () => {
    const {child, said, exit} = start(60_000)
    await said(/value/)
    child.kill('SIGWINCH')
    await said(/heard SIGWINCH/)
    child.kill('SIGTERM')
    expect(await exit).toEqual([7, null])
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('passes %s on, once', async (signal) => {
    const {child, said, output, exit} = start(60_000)
    await said(/value/)
    child.kill(signal)
    expect(await exit).toEqual([7, null])
    expect(output().match(/heard/g)).toHaveLength(1)
    expect(output()).toContain(`heard ${signal}`)
  })

  it.skipIf(process.platform !== 'linux')('is stopped by Ctrl-Z as a whole, and continued', async () => {
    const {child, said, exit} = start(60_000)
    const [, pid] = await said(/value.* (\d+)\n/)
    const stateOf = (id: number | string) => /^State:\t(\w)/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))![1]
    const both = async (isWanted: (state: string) => boolean) => {
      while (![child.pid!, pid].every((id) => isWanted(stateOf(id))))
        await new Promise((resolve) => setTimeout(resolve, 20))
    }
    child.kill('SIGTSTP')
    await both((state) => state === 'T')
    child.kill('SIGCONT')
    await both((state) => state !== 'T')
    child.kill('SIGTERM')
    expect(await exit).toEqual([7, null])
  })

  it('ends with the status that a shell gives a process that a signal ended', async () => {
    const {said, exit} = start(60_000)
    const [, pid] = await said(/value.* (\d+)\n/)
    process.kill(Number(pid), 'SIGKILL')
    expect(await exit).toEqual([137, null])
  })

  it('asks itself for an end when the first process is killed', async () => {
    const {child, said} = start(60_000)
    await said(/value/)
    child.kill('SIGKILL')
    await said(/heard SIGTERM/)
  })
})

it('is not needed where the variables are as wanted, nor a second time', () => {
  expect(needsRestart({A: '1'}, {A: '1'})).toBe(false)
  expect(needsRestart({A: '1'}, {A: '2'})).toBe(true)
  expect(needsRestart({A: '1'}, {})).toBe(true)
  expect(needsRestart({A: '1'}, {RPT_RESTARTED: '1'})).toBe(false)
  expect(needsRestart({}, {})).toBe(false)
})
