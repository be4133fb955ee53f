import {expect, it} from 'vitest'
import {SessionCache} from '../../../../src/core/engine/sessions/session-cache.js'
import {openWhole} from '../../../../src/core/engine/update/whole.js'
import {StepThreads} from '../../../../src/core/optim/step-threads.js'
import {objective, policyBatch, stateOf} from '../../../support/micro-batches.js'
import {tinyModel} from '../../../support/tiny-model.js'

const settings = {learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 0.2}

/** Weights and moments after updates of graphs that are fed weights which have been in other threads. */
async function updated(threads: number) {
  const state = stateOf(tinyModel({vocab_size: 97, max_position_embeddings: 512}))
  state.stepThreads = new StepThreads(threads, 1)
  const sessions = new SessionCache({device: 'cpu', threads: 1})
  try {
    const update = openWhole({state, sessions, tell: () => {}, mostRows: 1024})
    const norms: (number | null)[] = []
    for (let i = 0; i < 3; i++) {
      await update.policy(policyBatch(), 1, objective)
      norms.push((await state.applyGradients(settings)).gradNorm)
    }
    const values = [...state.weights].flatMap(([name, weight]) => {
      const {first, second} = state.momentsOf(name)
      return [weight, first, second].map((array, i) => ({name: `${name} ${i}`, bytes: Buffer.from(array.buffer)}))
    })
    return {norms, values}
  } finally {
    await state.stepThreads.close()
    await sessions.release()
  }
}

it('goes on training with weights that came back from other threads, without changing a bit', async () => {
  const [alone, together] = [await updated(1), await updated(3)]
  expect(together.norms).toEqual(alone.norms)
  const differing = alone.values.filter(({bytes}, i) => !bytes.equals(together.values[i].bytes))
  expect(differing.map(({name}) => name)).toEqual([])
  expect(new Set(alone.norms).size).toBe(3)
})
