import {z} from 'zod'
import {adapterTargets} from './names.js'

/** The section `lora`. */
export const lora = z.strictObject({
  rank: z
    .int()
    .min(0)
    .max(4096)
    .default(0)
    .describe('train adapters of this rank (LoRA, without dropout) and keep the weights fixed; 0 trains all weights'),
  alpha: z.number().positive().default(16).describe('the output of an adapter is multiplied by alpha / rank'),
  rsLora: z
    .boolean()
    .default(false)
    .describe('rank-stabilised LoRA: the output of an adapter is multiplied by alpha / sqrt(rank) instead'),
  targets: z
    .array(z.enum(adapterTargets))
    .min(1)
    .default([...adapterTargets])
    .transform((targets) => adapterTargets.filter((target) => targets.includes(target)))
    .describe("linear layers that get adapters, in PEFT's names"),
  merge: z
    .boolean()
    .default(false)
    .describe('also write a whole checkpoint with the adapters merged, into the folder merged of every checkpoint'),
})
