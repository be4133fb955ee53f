import {existsSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {config, makeBase, rpt} from './base.js'
import {writeTables} from './seeds-table.js'

/**
 * `npm run experiments -- tiny`: the whole experiment with three seeds that change corpus, base model and RL, and the tables
 * of `README.md`. What an interrupted run left is used again.
 */

const seeds = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [0, 1, 2]
const root = resolve('runs', 'tiny-seeds')

function runSeed(seed: number): string {
  const folder = join(root, `seed-${seed}`)
  const at = (name: string) => join(folder, name)
  const {corpus, model} = existsSync(at('base'))
    ? {corpus: at('corpus.jsonl'), model: at('base')}
    : makeBase(seed, folder)
  const common = ['--seed', String(seed)]
  const resume = (name: string) => ['--out', at(name), ...(existsSync(at(name)) ? ['--resume'] : [])]
  rpt('prepare-data', ...config('prepare'), '--documents', corpus, '--proxy', model, ...common, '--out', at('data'))
  const trained = ['--data', at('data'), '--model', model, ...common]
  rpt('train', ...config('rpt'), ...trained, ...resume('rpt'))
  rpt('train', ...config('ntp'), ...trained, ...resume('ntp'))
  const models = [model, at('ntp/checkpoints/step-000160'), at('ntp'), at('rpt')]
  const evaluated = ['--data', at('data'), '--set', `eval.models=${JSON.stringify(models)}`, ...common]
  rpt('eval', ...config('eval'), ...evaluated, ...resume('eval'))
  return folder
}

writeTables(seeds.map((seed) => ({seed, folder: runSeed(seed)})))
console.log('wrote result.arrow and the tables of README.md')
