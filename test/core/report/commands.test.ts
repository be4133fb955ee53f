import {expect, it} from 'vitest'
import {inspectCommands} from '../../../src/core/report/page/commands.js'

const commandsOf = (doc: string, byte: number | null = 7) =>
  inspectCommands({step: 3, doc, position: 6, byte}).map(({command}) => command)

it('a page names the commands that show a position, and none for a document that is not there', () => {
  expect(commandsOf('corpus.jsonl:12')).toEqual([
    'rpt inspect RUN --step 3 --doc corpus.jsonl:12 --position 6',
    'rpt inspect DATA --doc corpus.jsonl:12 --position 6',
  ])
  expect(commandsOf('train.jsonl:4', null)).toEqual(['rpt inspect RUN --step 3 --doc train.jsonl:4 --position 6'])
})

it.each([
  ['my corpus.jsonl:12', "'my corpus.jsonl:12'"],
  ["it's.txt", "'it'\\''s.txt'"],
  ['$(reboot).txt', "'$(reboot).txt'"],
  ['#1.txt', "'#1.txt'"],
  ['a#1.txt', 'a#1.txt'],
  ['größe.txt', "'größe.txt'"],
])('a shell reads the document %s as one word', (doc, word) => {
  expect(commandsOf(doc)[0]).toBe(`rpt inspect RUN --step 3 --doc ${word} --position 6`)
})
