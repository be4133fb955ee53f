import {existsSync, readFileSync} from 'node:fs'
import {describe, expect, it} from 'vitest'
import {limitsOn, rowCounts} from '../../src/core/engine/segments/row-layout.js'
import {SessionCache} from '../../src/core/engine/sessions/session-cache.js'
import {countedModes} from '../../src/core/engine/traffic/update-traffic.js'
import {openSegmented} from '../../src/core/engine/update/segmented.js'
import {openWhole} from '../../src/core/engine/update/whole.js'
import {devices} from '../../src/core/runtime/devices.js'
import {objective, policyBatch, stateOf} from '../support/micro-batches.js'
import {tinyModel} from '../support/tiny-model.js'

/** Set by scripts/check-cuda.js: the file that the stand-in for CUDA's libraries notes copies in. */
const log = process.env.STAND_IN_LOG ?? ''

/** What the stand-in copied so far, bytes. */
function copied(): {toDevice: number; fromDevice: number} {
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
  const sum = (word: string) =>
    lines.reduce((total, line) => total + (line.startsWith(`${word} `) ? Number(line.split(' ')[1]) : 0), 0)
  return {toDevice: sum('in'), fromDevice: sum('out')}
}

/** Of so many words that the weights are most of what is copied. */
const wide = tinyModel({vocab_size: 30_000, hidden_size: 64, intermediate_size: 96, max_position_embeddings: 512})

describe.skipIf(log === '')('an update on CUDA, with a stand-in for its libraries', () => {
  const opened = {whole: openWhole, segmented: (tools: Parameters<typeof openSegmented>[0]) => openSegmented(tools)}

  const cases = devices.cuda.precisions.flatMap((precision) =>
    (['whole', 'segmented'] as const).map((mode) => [precision, mode] as const),
  )

  it.each(cases)('runs to its end, and copies what was counted: %s, %s', async (precision, mode) => {
    const model = wide
    const batch = policyBatch()
    const mostRows = rowCounts(batch.shape).all
    const sessions = new SessionCache({device: 'cuda', threads: 1, precision})
    const state = stateOf(model)
    try {
      const before = copied()
      await opened[mode]({state, sessions, tell: () => {}, mostRows}).policy(batch, 1, objective)
      const after = copied()
      const counted = countedModes[mode].policy(
        {model, precision, limits: limitsOn(sessions, model), mostRows},
        batch.shape,
        objective,
      )
      for (const way of ['toDevice', 'fromDevice'] as const) {
        const share = (after[way] - before[way]) / counted[way]
        // Inputs that a graph turns out not to need are not copied; shapes and addresses that kernels ask for are.
        expect(share, way).toBeGreaterThan(0.95)
        expect(share, way).toBeLessThan(1.05)
      }
      expect(state.hasGradient('model.norm.weight')).toBe(true)
    } finally {
      await sessions.release()
    }
  })
})
