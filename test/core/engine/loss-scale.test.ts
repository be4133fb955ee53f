import {describe, expect, it} from 'vitest'
import {SessionCache} from '../../../src/core/engine/sessions/session-cache.js'
import {ModelState} from '../../../src/core/engine/state/model-state.js'
import {updateLanguageModel} from '../../../src/core/engine/update/language-model-update.js'
import {NumericError} from '../../../src/core/util/errors.js'
import {engineModel, optimizer, promptsOf, stateOf, tinyEngine, worstShare} from '../../support/tiny-engine.js'

const rows = promptsOf([5, 9, 16, 17, 30, 33], 1).map(({ids}) => ({ids, trainedFrom: 1}))
const request = {rows, rowsPerMicroBatch: 4, optimizer, mode: 'whole' as const}

describe('a loss scale', () => {
  it('changes no bit of a float32 update, whole or layer by layer: it moves by powers of two', async () => {
    for (const mode of ['whole', 'segmented'] as const) {
      const [plain, scaled] = await Promise.all(
        [null, {factor: 2 ** 10, goodUpdates: 0}].map(async (lossScale) => {
          const state = new ModelState(engineModel)
          state.initialize({embeddingStd: 0.25, linearGain: 1, residualScale: 1}, 1)
          state.lossScale = lossScale
          const sessions = new SessionCache({device: 'cpu', threads: 1})
          const update = await updateLanguageModel(state, sessions, {...request, mode})
          await sessions.release()
          return {weights: [...state.weights], loss: update!.loss, gradNorm: update!.gradNorm}
        }),
      )
      expect(scaled).toEqual(plain)
      expect(plain.gradNorm).toBeGreaterThan(0)
    }
  })

  it('is halved until gradients fit into float16; until then nothing moves, and then they are those of float32', async () => {
    // Of two tokens alone, and of wide logits, the gradient is more than 1 in some entries.
    const few = {...request, rows: rows.slice(0, 2).map(({ids}) => ({ids, trainedFrom: ids.length - 1}))}
    const engines = await Promise.all(
      (['float16-rounded', 'float32'] as const).map((precision) => tinyEngine({precision, embeddingStd: 3})),
    )
    const [rounded, plain] = engines
    const before = await stateOf(rounded)
    const scales: (number | null)[] = []
    for (let isSkipped = true; isSkipped; ) {
      const update = await rounded.updateLanguageModel(few)
      scales.push(update!.lossScale)
      isSkipped = update!.gradNorm === null
      const after = await stateOf(rounded)
      if (!isSkipped) break
      expect(worstShare(before.weights, after.weights)).toBe(0)
      expect([...after.moments.values()].flat().every((value) => value === 0)).toBe(true)
    }
    expect(scales.length).toBeGreaterThan(1)
    expect(scales).toEqual(scales.map((_, i) => 2 ** (16 - i)))
    expect((await plain.updateLanguageModel(few))!.lossScale).toBeNull()
    const [halves, floats] = await Promise.all(engines.map(stateOf))
    expect(worstShare(floats.moments, halves.moments)).toBeGreaterThan(1e-4)
    expect(worstShare(floats.moments, halves.moments)).toBeLessThan(0.02)
    await Promise.all(engines.map((engine) => engine.close()))
  })

  it('is not blamed for activations beyond float16: that is an error', async () => {
    const engine = await tinyEngine({precision: 'float16-rounded', embeddingStd: 1e5})
    const error = await engine.updateLanguageModel(request).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(NumericError)
    expect(error.message).toMatch(/^the loss is (NaN|Infinity); expected a finite number$/)
    expect(error.suggestions[0]).toContain('set precision to float32')
    await engine.close()
  })
})
