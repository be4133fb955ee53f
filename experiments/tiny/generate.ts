import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {generate} from './generate-corpus.js'

/** Writes corpus.jsonl and traces.jsonl: `npx tsx experiments/tiny/generate.ts [--seed N] [--documents N] [--traces N] [--out DIR]`. */
const {values} = parseArgs({
  options: {
    seed: {type: 'string', default: '0'},
    documents: {type: 'string'},
    traces: {type: 'string'},
    out: {type: 'string', default: import.meta.dirname},
  },
})
const {corpus, traces} = generate({
  seed: Number(values.seed),
  documents: values.documents === undefined ? undefined : Number(values.documents),
  traces: values.traces === undefined ? undefined : Number(values.traces),
})
mkdirSync(values.out, {recursive: true})
writeFileSync(join(values.out, 'corpus.jsonl'), corpus)
writeFileSync(join(values.out, 'traces.jsonl'), traces)
