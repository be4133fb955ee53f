import {expect, it} from 'vitest'
import {scoreGraph} from '../../../../src/core/engine/graphs/score.js'
import {Session} from '../../../../src/core/runtime/session.js'
import {Sampler, streamSeed} from '../../../../src/core/util/rng.js'
import {modelFeeds, randomWeights} from '../../../support/random-weights.js'
import {tinyModel} from '../../../support/tiny-model.js'

it.each([4, 100, 1000])('scores are the same bits when %d logits are held at once', async (logitsAtOnce) => {
  const config = tinyModel({vocab_size: 97})
  const shape = {rows: 3, length: 16, topK: 5}
  const sampler = new Sampler(streamSeed(1, 'score'))
  const draw = () => BigInt64Array.from({length: 48}, () => BigInt(sampler.integer(97)))
  const feeds = {
    ...modelFeeds(config, randomWeights(config, 2), shape.length, 'float32'),
    ids: draw(),
    positions: BigInt64Array.from({length: 48}, (_, i) => BigInt(i % 16)),
    targets: draw(),
  }
  const score = async (atOnce?: number) => {
    const {op} = scoreGraph(config, {...shape, logitsAtOnce: atOnce})
    const session = await Session.compile(op.graph, {device: 'cpu', threads: 1})
    const results = await session.run(feeds)
    await session.release()
    return results
  }
  expect(await score(logitsAtOnce)).toEqual(await score())
})
