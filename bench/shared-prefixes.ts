import {join, resolve} from 'node:path'
import {documentsTable, readRows} from '../src/core/tables/index.js'
import {maxOf} from '../src/core/util/extremes.js'
import {groupBy} from '../src/core/util/group-by.js'
import {Sampler, streamSeed} from '../src/core/util/rng.js'

/**
 * Which share of a step's prompt tokens contexts have in common because they come from one document: what sharing them could
 * save. Contexts are drawn evenly from all tokens of the training documents.
 * `tsx bench/shared-prefixes.ts DATA [CONTEXTS-PER-STEP ...]`, of data that `rpt prepare-data` wrote.
 */

const [data, ...sizes] = process.argv.slice(2)
const steps = 400

/** Document and position of every training token. */
const tokens = [...readRows(join(resolve(data), 'documents.arrow'), documentsTable)]
  .filter(({partition}) => partition === 'train')
  .flatMap(({doc_id, token_ids}) => Array.from(token_ids, (_, position) => ({doc_id, position})))
const sampler = new Sampler(streamSeed(0, 'shared prefixes'))
for (const contexts of sizes.length > 0 ? sizes.map(Number) : [24, 256]) {
  let all = 0
  let shared = 0
  for (let step = 0; step < steps; step++) {
    const drawn = Array.from({length: contexts}, () => tokens[sampler.integer(tokens.length)])
    for (const [, own] of groupBy(drawn, ({doc_id}) => doc_id)) {
      const lengths = own.map(({position}) => position)
      const sum = lengths.reduce((total, length) => total + length, 0)
      all += sum
      shared += sum - maxOf(lengths)
    }
  }
  console.log(`${contexts} contexts a step: ${((100 * shared) / all).toFixed(1)}% of prompt tokens`)
}
