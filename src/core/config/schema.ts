import {z} from 'zod'
import {data} from './data-schema.js'
import {grpo} from './grpo-schema.js'
import {lora} from './lora-schema.js'
import {memory} from './memory-schema.js'
import {
  checkpointDtypes,
  evalModes,
  objectiveNames,
  objectiveWords,
  precisionNames,
  samplerNames,
  scheduleNames,
  taskNames,
  thoughtStyles,
  trackerNames,
  updateModeNames,
} from './names.js'
import {prompt} from './prompt-schema.js'
import {reward} from './reward-schema.js'
import {checkpointSource, count, decay, path, positive, resamples, share, temperature} from './value-kinds.js'

/** The one configuration schema: every key, its default, and a line of help. Commands read the sections they need. */

const model = z.strictObject({
  path: checkpointSource.optional().describe('checkpoint folder, run directory or Hub id'),
  config: path.optional().describe('config.json of a model to start from random weights'),
  init: z
    .strictObject({
      embeddingStd: z.number().positive().default(0.02).describe('standard deviation of embeddings'),
      linearGain: z.number().positive().default(1).describe('linear weights: gain / sqrt(fan in)'),
      residualScale: z.number().positive().default(1).describe('factor on attention-out and ffn-down weights'),
    })
    .prefault({}),
})

const rollout = z.strictObject({
  sampler: z.enum(samplerNames).default('local').describe('what draws completions; local is this process'),
  maxTokens: positive.default(8192).describe('longest completion'),
  temperature: temperature.default(0.8).describe('logits are divided by it when sampling'),
  contextsPerBatch: positive.default(8).describe('contexts sampled at once'),
  stop: z
    .array(z.string().min(1, 'holds an empty text, which every completion contains'))
    .default([])
    .describe('texts that end a completion, right after the token that completes one; also in evaluation'),
})

const update = z.strictObject({
  mode: z
    .enum(['auto', ...updateModeNames])
    .default('auto')
    .describe(
      'whole: a micro-batch in one run that keeps all activations; segmented: layer by layer, in a fraction of the memory; auto: whole if it fits, or on a GPU the mode that moves the fewest bytes, decided once',
    ),
  microBatchesAtOnce: positive
    .optional()
    .describe(
      'micro-batches that are computed together, as one; when absent 1, or on a GPU with update.mode auto the number that moves the fewest bytes',
    ),
})

const optim = z.strictObject({
  learningRate: z.number().positive().default(1e-6).describe('learning rate after warm-up'),
  schedule: z.enum(scheduleNames).default('constant').describe('how the learning rate decays after warm-up'),
  warmupSteps: count.default(0).describe('steps over which the learning rate rises from 0'),
  finalShare: share.default(0.1).describe('share of the learning rate that is left at the end of linear and cosine'),
  beta1: decay.default(0.9).describe('decay of the first moment'),
  beta2: decay.default(0.999).describe('decay of the second moment'),
  epsilon: z.number().positive().default(1e-8).describe('added to the square root of the second moment'),
  weightDecay: z.number().min(0).default(0.01).describe('weight decay of AdamW, on matrices only'),
  maxGradNorm: z.number().positive().default(0.2).describe('gradients are scaled down to this global norm'),
})

const train = z.strictObject({
  objective: z
    .enum(objectiveNames)
    .default('rpt')
    .describe(`training objective: ${objectiveNames.map((name) => `${name} (${objectiveWords[name]})`).join(', ')}`),
  steps: count.default(1000).describe('training steps'),
  batchRows: positive.default(16).describe('rows per step, for objectives ntp and sft, and for grpo.ntpCoef'),
  rowsPerMicroBatch: positive
    .default(16)
    .describe('rows whose gradient is computed at once, for objectives ntp and sft, and for grpo.ntpCoef'),
  maxRowTokens: positive
    .min(2, 'needs at least 2: a token and the one to predict')
    .default(4096)
    .describe('longest row, for objectives ntp and sft'),
  allowNoop: z.boolean().default(false).describe('accept zero steps, which is otherwise an error'),
  track: z
    .array(z.enum(trackerNames))
    .default([])
    .transform(distinct)
    .describe("also write every step's metrics in these formats of other programs"),
})

const sft = z.strictObject({
  completions: path.optional().describe('JSONL rows of prompt and completion, texts or messages, or of messages alone'),
  template: z
    .string()
    .min(1)
    .optional()
    .describe(
      'template of the prompts in the rows, for evaluations: a name as in prompt.template, or text with {context}; found in the rows when absent',
    ),
  chatTemplate: z
    .enum(['auto', 'none'])
    .optional()
    .describe('whether a chat template surrounds those prompts; found in the rows when absent'),
  documentShare: share.default(0).describe('share of rows that are plain documents of the training partition'),
})

const warmStart = z.strictObject({
  rows: positive.default(512).describe('rows to write, one for each training position'),
  styles: z
    .array(z.enum(thoughtStyles))
    .min(1)
    .default([...thoughtStyles])
    .transform(distinct)
    .describe('styles of thought; a seeded draw picks one for each row'),
})

const checkpoint = z.strictObject({
  every: positive.default(100).describe('steps between checkpoints that a run can resume from'),
  steps: z.array(count).default([]).describe('steps whose checkpoints are kept permanently'),
  keepLast: positive.default(2).describe('recent checkpoints to keep besides those of checkpoint.steps'),
  dtype: z
    .enum(checkpointDtypes)
    .default('float32')
    .describe('element type of the saved weights; training and resuming stay float32'),
})

/** Without repeats: what is listed twice counts once. */
function distinct<T>(entries: T[]): T[] {
  return [...new Set(entries)]
}

const evaluationKeys = z.strictObject({
  every: count.default(0).describe('steps between evaluations during training; 0 for none'),
  task: z
    .enum(taskNames)
    .optional()
    .describe('task to evaluate; when absent next-token, or in training the task of the objective'),
  models: z
    .array(checkpointSource)
    .default([])
    .transform(distinct)
    .describe('checkpoint folders and run directories to evaluate side by side; model.path when empty'),
  checkpoint: count.optional().describe('step of the run to evaluate; the last when absent'),
  modes: z
    .array(z.enum(evalModes))
    .min(1)
    .default(['standard', 'reasoning'])
    .transform(distinct)
    .describe('how to predict'),
  standardContext: z
    .enum(['cut', 'whole'])
    .default('cut')
    .describe('how much mode standard sees of a context that mode reasoning would cut: the same part, or all of it'),
  limit: positive.optional().describe('number of positions to evaluate, chosen by seed'),
  samples: count.default(0).describe('completions per position for pass@k, in mode reasoning'),
  passAtK: z
    .array(positive)
    .default([])
    .transform((ks) => distinct(ks).sort((a, b) => a - b))
    .describe('each k of pass@k, at most eval.samples; eval.samples when empty'),
  temperature: temperature
    .default(0.8)
    .describe(
      'temperature of the completions for pass@k; when absent that of generation_config.json, if the checkpoint has one',
    ),
  forcedThought: z.string().default('').describe('the idle thought of mode forced-thought, which needs one'),
  bootstraps: resamples.default(2000).describe('resamples of the documents for intervals'),
})

const evaluation = evaluationKeys.refine(({passAtK, samples}) => passAtK.every((k) => k <= samples), {
  path: ['passAtK'],
  error: ({input}) => {
    const {passAtK, samples} = input as z.infer<typeof evaluationKeys>
    return `needs at most eval.samples, which is ${samples}; give --samples ${passAtK.at(-1)} or more`
  },
})

const sweep = z.strictObject({
  train: path.optional().describe('training config from which every point starts'),
  axes: z
    .record(z.string(), z.array(z.union([z.string(), z.number(), z.boolean()])).min(1))
    .default({})
    .describe('config key: values to try; every combination is one point'),
  checkpoints: z.array(positive).default([]).describe('steps evaluated; checkpoint.steps when empty'),
  runs: z.array(path).default([]).describe('finished runs to use instead of training'),
  bootstraps: resamples.default(500).describe('resamples for the intervals of the fit'),
  resampleSeeds: z
    .boolean()
    .default(false)
    .describe(
      'also resample the runs of a curve, so that intervals include chance in training; needs about five seeds or more',
    ),
})

const report = z.strictObject({runs: z.array(path).default([]).describe('run directories to report on')})

/** Every key with its check; unknown keys are refused. */
export const configSchema = z.strictObject({
  out: path.optional().describe('output folder; for report and warm-start, the output file'),
  seed: z.int().min(0).default(0).describe('seed of all random numbers'),
  device: z.enum(['auto', 'cpu', 'cuda', 'webgpu']).default('auto').describe('where graphs run'),
  precision: z
    .enum(precisionNames)
    .default('float32')
    .describe(
      'precision of matrix products: float32; float16, on devices that have it, with sums in float32; float16-rounded, the same roundings on any device, slower; everything else is float32',
    ),
  cuda: z
    .strictObject({
      tf32: z
        .boolean()
        .default(false)
        .describe(
          'on CUDA, multiply float32 matrices in TF32: faster, with errors near 3e-4; NVIDIA_TF32_OVERRIDE overrides it',
        ),
    })
    .prefault({}),
  threads: count
    .max(4096)
    .default(0)
    .describe('maximum number of engine threads; 0: one per core; results do not depend on it'),
  memory: memory.prefault({}),
  data: data.prefault({}),
  model: model.prefault({}),
  lora: lora.prefault({}),
  prompt: prompt.prefault({}),
  rollout: rollout.prefault({}),
  reward: reward.prefault({}),
  grpo: grpo.prefault({}),
  update: update.prefault({}),
  optim: optim.prefault({}),
  train: train.prefault({}),
  sft: sft.prefault({}),
  warmStart: warmStart.prefault({}),
  checkpoint: checkpoint.prefault({}),
  eval: evaluation.prefault({}),
  sweep: sweep.prefault({}),
  report: report.prefault({}),
})

/** A complete, checked configuration. Paths are absolute. */
export type Config = z.infer<typeof configSchema>
