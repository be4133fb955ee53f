import {z} from 'zod'
import {curriculumNames, lossNames} from './names.js'
import {count, positive} from './value-kinds.js'

/** The keys of `grpo`. */
export const grpo = z.strictObject({
  groupSize: z
    .int()
    .min(2, 'needs at least 2, because one completion has no group to compare with')
    .default(8)
    .describe('completions per context'),
  contextsPerStep: positive.default(256).describe('contexts of one step'),
  positionsPerDocument: positive
    .default(1)
    .describe('positions of one document that are drawn one after the other; at 1 a document has no say in the order'),
  curriculum: z
    .enum(curriculumNames)
    .default('none')
    .describe('what steps draw contexts from: all positions, or those of one level of difficulty after the other'),
  curriculumAt: z
    .tuple([z.number().gt(0).lt(1), z.number().gt(0).lt(1)])
    .refine(([first, second]) => first < second, 'needs two ascending shares of the steps')
    .default([0.3, 0.7])
    .describe('shares of train.steps after which a curriculum goes on to its second and its third level'),
  miniBatches: positive.default(1).describe('updates per rollout batch; 1 is exact on-policy'),
  contextsPerMicroBatch: positive.default(8).describe('contexts whose gradient is computed at once'),
  completionsPerMicroBatch: positive
    .optional()
    .describe('completions of a context whose gradient is computed at once; all of them when absent'),
  loss: z
    .enum(lossNames)
    .default('grpo')
    .describe('how ratios of the policy to the weights that sampled become a loss; brings defaults for other settings'),
  clipEpsilon: z.number().positive().default(0.2).describe('the ratio is clipped to 1 - epsilon .. 1 + epsilon'),
  clipEpsilonHigh: z
    .number()
    .positive()
    .optional()
    .describe('the upper end is 1 + this instead, where it is given (clip-higher)'),
  maskTruncated: z
    .boolean()
    .default(false)
    .describe('whether completions that were cut at rollout.maxTokens are left out of the loss'),
  klCoef: z.number().min(0).default(0).describe('weight of the divergence from the starting checkpoint'),
  entropyCoef: z.number().min(0).default(0).describe('weight of the entropy bonus'),
  ntpCoef: z
    .number()
    .min(0)
    .default(0)
    .describe('weight of next-token prediction on train.batchRows documents in every update (RMT: 0.1)'),
  std: z
    .enum(['population', 'sample', 'none', 'leave-one-out'])
    .default('population')
    .describe('what advantages are divided by'),
  advantageEpsilon: z.number().positive().default(1e-6).describe('added to the deviation of a group'),
  lossNormalizer: z
    .enum(['token', 'sequence', 'constant'])
    .default('token')
    .describe(
      'mean over tokens of the step, or of means per completion; constant: sum over completions x rollout.maxTokens',
    ),
  dynamicSampling: z
    .strictObject({
      fromStep: count.default(500).describe('first step that drops groups of equal rewards and samples more batches'),
      maxBatches: positive
        .default(16)
        .describe('rollout batches of grpo.contextsPerStep contexts per step at the most'),
      onShortage: z
        .enum(['error', 'warn'])
        .default('error')
        .describe('when maxBatches hold too few groups with signal: stop, or train on those there are'),
      enabled: z.boolean().default(true).describe('whether it is used at all'),
    })
    .prefault({}),
  mismatchLimit: z
    .number()
    .positive()
    .default(1e-4)
    .describe('largest |rollout - trainer| log-probability before the run stops'),
})
