import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'

const text = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8')

/** The figure of a row of a table for a split, with which its cell begins. */
function figure(title: string, row: string, split: 'easy' | 'medium' | 'hard'): string {
  const [, table] = new RegExp(`<!-- ${title}:begin -->\n(.*?)<!-- ${title}:end -->`, 's').exec(text)!
  const line = table.split('\n').find((one) => one.startsWith(`| ${row} |`))!
  return line.split('|')[2 + ['easy', 'medium', 'hard'].indexOf(split)].trim().split(' ')[0]
}

it('the first figures of the README are those of its tables', () => {
  const head = text.slice(0, text.indexOf('## Two commands')).replaceAll('\n', ' ')
  const hard = (row: string) => figure('results', row, 'hard')
  expect(head).toContain(`hard tokens rises from ${hard('base, standard')}% to ${hard('**RPT, reasoning**')}%`)
  expect(head).toContain(`with the same FLOPs stays at ${hard('next-token training, equal FLOPs')}%`)
  const easy = (row: string) => figure('real', row, 'easy')
  expect(head).toContain(`from ${easy('warm start, reasoning')}% to ${easy('RPT, reasoning')}% on easy tokens`)
  expect(head).toContain(`below the ${easy('plain model, standard')}% of the plain model`)
})
