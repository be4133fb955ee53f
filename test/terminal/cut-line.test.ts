import {stripVTControlCharacters} from 'node:util'
import {expect, it} from 'vitest'
import {createColors} from '../../src/terminal/colors.js'
import {cutLine} from '../../src/terminal/cut-line.js'
import {liveProgress} from '../../src/terminal/live-progress.js'

it.each([
  ['train 1/6 steps', 20, 'train 1/6 steps'],
  ['train 1/6 steps', 8, 'train 1/'],
  ['été à Zürich', 5, 'été à'],
  ['corpus/漢字.txt', 10, 'corpus/漢'],
  ['run 🚀🚀', 7, 'run 🚀'],
])('of %j a terminal shows in %i columns no more than it has room for', (line, columns, shown) => {
  expect(cutLine(line, columns)).toBe(shown)
})

it.each([10, 20, 60])('the live line stays on one line of %i columns', (columns) => {
  const written: string[] = []
  const write = (text: string) => written.push(stripVTControlCharacters(text).trimEnd())
  const stream = {isTTY: true, columns, write, clearLine() {}, cursorTo() {}} as unknown as NodeJS.WriteStream
  const colors = createColors({NO_COLOR: '1'}, 'stderr')
  const progress = liveProgress({stream, writeResult: () => {}, now: () => 0, colors})
  const stage = progress.stage('evaluate a checkpoint, step 1000, reasoning', 3000, 'positions')
  stage.advance(1, 'reading contexts')
  progress.log('a line of the result, before which and after which it is drawn anew')
  const lines = written.filter((text) => text.includes('evalu'))
  expect(lines.length).toBeGreaterThan(0)
  for (const line of lines) expect(line.length).toBeLessThan(columns)
  stage.done()
})
