import type {UpdateModeName} from '../../config/names.js'
import type {MicroBatch, UpdateMode, UpdateTools} from './update-mode.js'
import {updateModes} from './update-modes.js'

/** Begins an update in a mode. Where the state has a loss scale, gradients are multiplied by it, and losses are as if they were not. */
export function openUpdate(mode: UpdateModeName, tools: UpdateTools): UpdateMode {
  const update = updateModes[mode](tools)
  const scale = tools.state.lossScale
  return scale ? scaled(update, scale.factor) : update
}

/** All terms of both losses are multiplied by the weights of their tokens, so a factor on these is one on the gradients. */
function scaled(update: UpdateMode, factor: number): UpdateMode {
  return {
    ...update,
    async policy(batch, temperature, objective) {
      const outputs = await update.policy(withFactor(batch, factor), temperature, objective)
      return {...outputs, loss: outputs.loss / factor}
    },
    async languageModel(batch) {
      return (await update.languageModel(withFactor(batch, factor))) / factor
    },
  }
}

function withFactor<Shape>({shape, inputs}: MicroBatch<Shape>, factor: number): MicroBatch<Shape> {
  const weights = inputs.token_weights as Float32Array
  return {shape, inputs: {...inputs, token_weights: weights.map((weight) => weight * factor)}}
}
