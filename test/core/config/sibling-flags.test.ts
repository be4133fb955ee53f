import {expect, it} from 'vitest'
import {ownedBy, siblingFlag} from '../../../src/core/config/sibling-flags.js'

it.each([
  ['prepare-data', '--model', '--proxy'],
  ['prepare-data', '--data', '--documents'],
  ['train', '--documents', '--data'],
  ['train', '--proxy', '--model'],
  ['eval', '--documents', '--data'],
  ['eval', '--proxy', '--model'],
  ['eval', '--steps', '--checkpoint'],
  ['inspect', '--steps', '--step'],
  ['scaling-sweep', '--steps', 'set train.steps in the file that sweep.train names, or as an axis of sweep.axes'],
  ['push', '--model', 'give the run as the first argument: rpt push RUN hf:owner/name'],
  ['report', '--data', 'give the runs as arguments: rpt report RUN ...'],
  ['inspect', '--data', 'give the folder as the argument: rpt inspect DATA'],
])('on %s, what %s does elsewhere is done by %s', (command, flag, meant) => {
  expect(siblingFlag(command, flag, ['other'])).toBe(meant)
})

it.each([
  ...['--documents', '--tokenizer', '--proxy', '--difficulty-model', '--limit', '--select', '--documents-only'],
  ...['--rows', '--steps', '--objective', '--track', '--allow-noop'],
])('on a command that does not read its setting, %s is told to be of others', (flag) => {
  expect(siblingFlag('doctor', flag, ['train', 'eval'])).toBe(`${flag} is a flag of rpt train, rpt eval`)
})

it('nothing is said of a flag whose setting may do the same here, nor of one that no command has', () => {
  expect(siblingFlag('train', '--samples', ['eval'])).toBeUndefined()
  expect(siblingFlag('train', '--limit', [])).toBeUndefined()
  expect(ownedBy('--stesp', [])).toBeUndefined()
})
