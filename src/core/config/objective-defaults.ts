import type {ObjectiveName} from './names.js'

/**
 * Defaults that an objective has instead of the schema's, by dotted key; an objective without a row has none.
 *
 * Those of the schema are the paper's, for policy gradients of a reasoning model; in supervised fine-tuning they would
 * hardly move a weight.
 */
export const objectiveDefaults: Readonly<Partial<Record<ObjectiveName, Readonly<Record<string, unknown>>>>> = {
  sft: {'optim.learningRate': 2e-5, 'optim.maxGradNorm': 1},
}
