import {stripVTControlCharacters} from 'node:util'
import {expect, it} from 'vitest'
import {createColors} from '../../src/terminal/colors.js'
import {cutLine, cutParts} from '../../src/terminal/cut-line.js'
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

it.each([
  [66, 'train rpt 93/160 steps (58%), 6.14 s each, 6:49 left, reward 0.285'],
  [65, 'train rpt 93/160 steps (58%), 6.14 s each, 6:49 left'],
  [53, 'train rpt 93/160 steps (58%), 6.14 s each, 6:49 left'],
  [52, 'train rpt 93/160 steps (58%), 6.14 s each, 6:49 left'],
  [51, 'train rpt 93/160 steps (58%), 6.14 s each'],
  [20, 'train rpt 93/160 ste'],
])('in %i columns progress shows whole parts alone', (columns, shown) => {
  const line = 'train rpt 93/160 steps (58%), 6.14 s each, 6:49 left, reward 0.285; sampling, token 45'
  expect(cutParts(line, columns)).toBe(shown)
  expect(cutParts(line, line.length)).toBe(line)
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
