import {z} from 'zod'
import {curriculumNames, deviationNames, lossNames, normalizerNames} from './names.js'
import {count, positive} from './value-kinds.js'

/** The keys of `grpo`. */
export const grpo = z.strictObject({
  groupSize: z
    .int()
    .min(2, 'needs at least 2, because one completion has no group to compare with')
    .default(8)
    .describe('completions per context'),
  contextsPerStep: positive.default(256).describe('contexts per step'),
  positionsPerDocument: positive
    .default(1)
    .describe('positions of one document that are drawn one after another; with 1, the order ignores documents'),
  curriculum: z
    .enum(curriculumNames)
    .default('none')
    .describe('positions from which steps draw contexts: all of them, or one level of difficulty after another'),
  curriculumAt: z
    .tuple([z.number().gt(0).lt(1), z.number().gt(0).lt(1)])
    .refine(([first, second]) => first < second, 'needs two ascending shares of the steps')
    .default([0.3, 0.7])
    .describe('shares of train.steps after which a curriculum begins its second and its third level'),
  miniBatches: positive.default(1).describe('updates per rollout batch; 1 is exactly on-policy'),
  contextsPerMicroBatch: positive.default(8).describe('contexts whose gradient is computed at once'),
  completionsPerMicroBatch: positive
    .optional()
    .describe('completions of a context whose gradient is computed at once; all of them when absent'),
  loss: z.enum(lossNames).default('grpo').describe('policy loss; also changes the defaults of other settings'),
  clipEpsilon: z.number().positive().default(0.2).describe('the ratio is clipped to 1 - epsilon .. 1 + epsilon'),
  clipEpsilonHigh: z
    .number()
    .positive()
    .optional()
    .describe('if given, the ratio is clipped to at most 1 + this instead (clip-higher)'),
  maskTruncated: z
    .boolean()
    .default(false)
    .describe('leave completions that were cut at rollout.maxTokens out of the loss'),
  klCoef: z.number().min(0).default(0).describe('weight of the divergence from the starting checkpoint'),
  entropyCoef: z.number().min(0).default(0).describe('weight of the entropy bonus'),
  ntpCoef: z
    .number()
    .min(0)
    .default(0)
    .describe('weight of next-token prediction on train.batchRows documents in every update (RMT: 0.1)'),
  std: z
    .enum(deviationNames)
    .default('population')
    .describe(
      'which standard deviation of the group divides the advantages; leave-one-out: none, and each reward is compared with the mean of the others',
    ),
  advantageEpsilon: z.number().positive().default(1e-6).describe('added to the standard deviation of a group'),
  lossNormalizer: z
    .enum(normalizerNames)
    .default('token')
    .describe(
      'token: mean over all tokens of the step; sequence: mean of the means of completions; constant: sum divided by completions x rollout.maxTokens',
    ),
  dynamicSampling: z
    .strictObject({
      fromStep: count.default(500).describe('first step that drops groups with equal rewards and samples more batches'),
      maxBatches: positive
        .default(16)
        .describe('at most this many rollout batches of grpo.contextsPerStep contexts per step'),
      onShortage: z
        .enum(['error', 'warn'])
        .default('error')
        .describe(
          'what to do if maxBatches batches have too few groups with signal: stop, or train on the groups there are',
        ),
      enabled: z.boolean().default(true).describe('use dynamic sampling'),
    })
    .prefault({}),
  mismatchLimit: z
    .number()
    .positive()
    .default(1e-4)
    .describe('the run stops if log-probabilities of sampler and trainer differ by more than this'),
})
