import {expect, it} from 'vitest'
import {firstLossScale, type LossScale, nextLossScale} from '../../../src/core/optim/loss-scale.js'

/** Whether gradients were finite, then get_scale() and _get_growth_tracker() of torch 2.14's GradScaler('cpu', growth_interval=3). */
const torch: readonly (readonly [isGood: boolean, factor: number, goodUpdates: number])[] = [
  [false, 32768, 0],
  [true, 32768, 1],
  [true, 32768, 2],
  [true, 65536, 0],
  [true, 65536, 1],
  [false, 32768, 0],
  [true, 32768, 1],
  [true, 32768, 2],
  [false, 16384, 0],
  [true, 16384, 1],
  [true, 16384, 2],
  [true, 32768, 0],
  [true, 32768, 1],
]

it('moves as that of torch.amp.GradScaler', () => {
  let scale: LossScale = firstLossScale
  for (const [isGood, factor, goodUpdates] of torch) {
    scale = nextLossScale(scale, isGood, 3)
    expect(scale).toEqual({factor, goodUpdates})
  }
})

it('begins at 65,536 and doubles after 2,000 good updates', () => {
  let scale = firstLossScale
  for (let i = 0; i < 1999; i++) scale = nextLossScale(scale, true)
  expect(scale).toEqual({factor: 65_536, goodUpdates: 1999})
  expect(nextLossScale(scale, true)).toEqual({factor: 131_072, goodUpdates: 0})
})
