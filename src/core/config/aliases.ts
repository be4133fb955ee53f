import {flagOfKey} from './flags.js'
import {configKeys, findKey} from './keys.js'

const computedIn =
  'the CPU computes in float32, and CUDA also in float16 (precision); checkpoint.dtype is the type of saved weights'
const notQuantised = 'weights are float32: there is nothing to set; lora.rank lowers the memory of training'
const onePass =
  'each completion is trained on once; grpo.miniBatches divides the completions of a step among several updates'
const wholeDistribution = 'tokens are drawn from the whole distribution; rollout.temperature is what there is to set'

/**
 * Names that TRL, transformers, verl and their like give to what a key of ours sets, without case and separators. A
 * sentence stands where there is nothing to set.
 */
export const foreignNames: Readonly<Record<string, string>> = {
  adambeta1: 'optim.beta1',
  adambeta2: 'optim.beta2',
  adamepsilon: 'optim.epsilon',
  batchsize: 'grpo.contextsPerStep',
  beta: 'grpo.klCoef',
  bf16: computedIn,
  blocksize: 'train.maxRowTokens',
  chattemplatepath: 'prompt.chatTemplateFile',
  clipratio: 'grpo.clipEpsilon',
  cliprange: 'grpo.clipEpsilon',
  contextlength: 'prompt.maxTokens',
  dataset: 'data.documents',
  datasetconfig: 'data.subset',
  datasetconfigname: 'data.subset',
  datasetname: 'data.documents',
  datasetpath: 'data.documents',
  datasetsplit: 'data.split',
  datasettextfield: 'data.textField',
  datasettrainsplit: 'data.split',
  epsilon: 'grpo.clipEpsilon',
  entropycoeff: 'grpo.entropyCoef',
  epsilonhigh: 'grpo.clipEpsilonHigh',
  epochs: 'train.steps',
  evalsteps: 'eval.every',
  evalstrategy: 'eval.every',
  fp16: computedIn,
  gradclip: 'optim.maxGradNorm',
  gradientcheckpointing: 'update.mode',
  gradientaccumulationsteps: 'grpo.contextsPerStep',
  klcoeff: 'grpo.klCoef',
  kllosscoef: 'grpo.klCoef',
  loadin4bit: notQuantised,
  loadin8bit: notQuantised,
  loggingsteps: 'every step is logged, in metrics.arrow',
  loraalpha: 'lora.alpha',
  loradropout: 'adapters have no dropout: there is nothing to set',
  lorar: 'lora.rank',
  lorarank: 'lora.rank',
  loratargetmodules: 'lora.targets',
  losstype: 'grpo.loss',
  lr: 'optim.learningRate',
  lrschedulertype: 'optim.schedule',
  maxcompletionlength: 'rollout.maxTokens',
  maxlength: 'train.maxRowTokens',
  maxnewtokens: 'rollout.maxTokens',
  maxpromptlength: 'prompt.maxTokens',
  maxresponselength: 'rollout.maxTokens',
  maxsamples: 'data.limit',
  maxseqlength: 'train.maxRowTokens',
  maxsteps: 'train.steps',
  maxtrainsamples: 'data.limit',
  minp: wholeDistribution,
  modelname: 'model.path',
  modelnameorpath: 'model.path',
  nocuda: 'device',
  numgenerations: 'grpo.groupSize',
  numiterations: onePass,
  numreturnsequences: 'grpo.groupSize',
  numtrainepochs: 'train.steps',
  output: 'out',
  outputdir: 'out',
  outputfolder: 'out',
  overwriteoutputdir: '--overwrite',
  perdeviceevalbatchsize: 'data.batchTokens',
  perdevicetrainbatchsize: 'grpo.contextsPerMicroBatch',
  ppoepochs: onePass,
  ppominibatchsize: 'grpo.miniBatches',
  pretrainedmodelnameorpath: 'model.path',
  randomseed: 'seed',
  reportto: 'train.track',
  resumefromcheckpoint: '--resume',
  rewardfunction: 'reward.terms',
  rewardfuncs: 'reward.terms',
  rewardname: 'reward.terms',
  rewardweights: 'reward.terms',
  savesteps: 'checkpoint.every',
  savetotallimit: 'checkpoint.keepLast',
  scalerewards: 'grpo.std',
  stepspergeneration: 'grpo.miniBatches',
  stop: 'rollout.stop',
  stopsequences: 'rollout.stop',
  stopstrings: 'rollout.stop',
  systemprompt: 'prompt.template',
  targetmodules: 'lora.targets',
  tokenizername: 'data.tokenizer',
  tokenizernameorpath: 'data.tokenizer',
  topk: wholeDistribution,
  topp: wholeDistribution,
  torchdtype: computedIn,
  totalsteps: 'train.steps',
  trainbatchsize: 'grpo.contextsPerStep',
  trainfile: 'data.documents',
  trainfiles: 'data.documents',
  usecpu: 'device',
  usepeft: 'lora.rank',
  userslora: 'lora.rsLora',
  usevllm: 'rpt samples itself: there is nothing to set',
  warmupratio: 'optim.warmupSteps',
}

/** Commands that other tools have for what one of ours does. */
export const foreignCommands: Readonly<Record<string, string>> = {
  benchmark: 'eval',
  check: 'doctor',
  env: 'doctor',
  evaluate: 'eval',
  evaluation: 'eval',
  'fine-tune': 'train --objective sft',
  finetune: 'train --objective sft',
  grpo: 'train',
  info: 'doctor',
  plot: 'report',
  prepare: 'prepare-data',
  preprocess: 'prepare-data',
  pretrain: 'train --objective ntp',
  rl: 'train',
  rpt: 'train',
  scaling: 'scaling-sweep',
  sft: 'train --objective sft',
  show: 'inspect',
  sweep: 'scaling-sweep',
  test: 'eval',
  tokenize: 'prepare-data',
  view: 'inspect',
  warmstart: 'warm-start',
}

/**
 * What a name that is no key of ours probably means: a key, a flag or a sentence; undefined where nobody knows.
 *
 * @param name as typed, dotted or not, e.g. `grpo.numGenerations`, `--learning-rate`
 */
export function meantByName(name: string): string | undefined {
  const whole = name.replace(/^-+|=.*$/gs, '')
  if (findKey(whole)) return whole
  const local = plain(whole.split('.').at(-1)!)
  const own = configKeys.find(({key}) => plain(key.split('.').at(-1)!) === local)?.key
  // `epsilon` alone is the clipping range; in a section that we have not, it is the optimizer's.
  if (!whole.includes('.') && Object.hasOwn(foreignNames, local)) return foreignNames[local]
  return own ?? (Object.hasOwn(foreignNames, local) ? foreignNames[local] : undefined)
}

/** What to do in place of settings that have no effect on a command without their flag. */
const insteadOf: Readonly<Record<string, string>> = {
  out: 'this command writes no file; redirect what it prints, with --json for a program: ... --json > FILE',
}

/**
 * How to say on the command line what `meantByName` found.
 *
 * @param flags those of the command
 */
export function suggestionFor(meant: string, flags: readonly string[]): string {
  if (!findKey(meant)) return /^--\S+$/.test(meant) ? `did you mean ${meant}?` : meant
  const flag = flagOfKey(meant)
  if (flag && flags.includes(flag)) return `did you mean ${flag}?`
  return insteadOf[meant] ?? `did you mean --set ${meant}=...?`
}

function plain(name: string): string {
  return name.replaceAll(/[-_]/g, '').toLowerCase()
}
