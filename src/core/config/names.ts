/** Names that settings may hold: the rows of tables elsewhere, which the compiler asks for. */

/** What `rpt train` can optimise: next-token reasoning, answers to questions, plain next tokens, completions. */
export const objectiveNames = ['rpt', 'rlvr', 'ntp', 'sft'] as const
/** What each of them is, for the help of `train.objective`. */
export const objectiveWords: Readonly<Record<ObjectiveName, string>> = {
  rpt: 'next-token reasoning',
  rlvr: 'RL on questions',
  ntp: 'next-token training',
  sft: 'supervised fine-tuning',
}
/** What can be prompted, answered and graded: positions of documents, questions with answers, questions with options. */
export const taskNames = ['next-token', 'questions', 'multiple-choice'] as const
/** How the options of a question are put to a model: listed with letters, or not shown. */
export const choiceFormNames = ['lettered', 'cloze'] as const
/** How training positions may be chosen. */
export const selectionNames = ['threshold', 'band', 'top', 'random'] as const
/** Terms that a reward may have. */
export const rewardNames = [
  'prefix-match',
  'first-token',
  'dense',
  'conditional-dense',
  'information-gain',
  'correct',
  'missing-answer',
  'length-budget',
  'overlong',
] as const
/** How the ratio of the policy to the weights that sampled becomes a loss. */
export const lossNames = ['grpo', 'dr-grpo', 'dapo', 'gspo', 'cispo', 'rejection'] as const
/** How the difficulty of the drawn positions changes during a run. */
export const curriculumNames = ['none', 'easy-to-hard', 'hard-to-easy'] as const
/** Formats of other programs in which metrics can also be written. */
export const trackerNames = ['tensorboard', 'jsonl'] as const
/** What draws completions. */
export const samplerNames = ['local'] as const
/** How the answer to a question is compared with the truth. */
export const verifierNames = ['exact', 'numeric', 'boxed'] as const
/** How `rpt eval` may predict: argmax, after a thought, after a given thought, after an empty one. */
export const evalModes = ['standard', 'reasoning', 'forced-thought', 'empty-thought'] as const
/** How thoughts of a warm start may go: see the table in warm-start. */
export const thoughtStyles = ['brief', 'candidates', 'openness', 'look-ahead', 'draft', 'form', 'recall'] as const
/** Element types that a checkpoint's weights may be saved in. */
export const checkpointDtypes = ['float32', 'bfloat16', 'float16'] as const

/** Standard deviations that may divide the advantages of a group: see the table in grpo. */
export const deviationNames = ['population', 'sample', 'none', 'leave-one-out'] as const
/** What the loss of an update may be a mean over: see the table in engine/update. */
export const normalizerNames = ['token', 'sequence', 'constant'] as const
/** How the learning rate may decay after warm-up: see the table in optim. */
export const scheduleNames = ['constant', 'linear', 'cosine'] as const
/** How difficulties make splits: each harder one lies within the easier ones, or beside them. */
export const splitRules = ['nested', 'disjoint'] as const

/** How an update may be computed: in one run that keeps all activations, or layer by layer. */
export const updateModeNames = ['whole', 'segmented'] as const

/** How matrix products are computed: see the table in runtime. */
export const precisionNames = ['float32', 'float16', 'float16-rounded'] as const

/** Linear layers that adapters may be put on, in PEFT's words. */
export const adapterTargets = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const

/** Major versions of CUDA that onnxruntime has providers for, the preferred one first. */
export const cudaMajors = ['13', '12'] as const

/** A name in `objectiveNames`. */
export type ObjectiveName = (typeof objectiveNames)[number]
/** A name in `taskNames`. */
export type TaskName = (typeof taskNames)[number]
/** A name in `choiceFormNames`. */
export type ChoiceFormName = (typeof choiceFormNames)[number]
/** A name in `rewardNames`. */
export type RewardName = (typeof rewardNames)[number]
/** A name in `selectionNames`. */
export type SelectionName = (typeof selectionNames)[number]
/** A name in `lossNames`. */
export type LossName = (typeof lossNames)[number]
/** A name in `curriculumNames`. */
export type CurriculumName = (typeof curriculumNames)[number]
/** A name in `trackerNames`. */
export type TrackerName = (typeof trackerNames)[number]
/** A name in `samplerNames`. */
export type SamplerName = (typeof samplerNames)[number]
/** A name in `thoughtStyles`. */
export type ThoughtStyle = (typeof thoughtStyles)[number]
/** A name in `verifierNames`. */
export type VerifierName = (typeof verifierNames)[number]
/** A name in `updateModeNames`. */
export type UpdateModeName = (typeof updateModeNames)[number]
/** A name in `precisionNames`. */
export type PrecisionName = (typeof precisionNames)[number]
/** A name in `checkpointDtypes`. */
export type CheckpointDtype = (typeof checkpointDtypes)[number]
/** A name in `deviationNames`. */
export type DeviationName = (typeof deviationNames)[number]
/** A name in `normalizerNames`. */
export type NormalizerName = (typeof normalizerNames)[number]
/** A name in `scheduleNames`. */
export type ScheduleName = (typeof scheduleNames)[number]
/** A name in `splitRules`. */
export type SplitRule = (typeof splitRules)[number]
/** A name in `evalModes`. */
export type EvalMode = (typeof evalModes)[number]
/** A name in `adapterTargets`. */
export type AdapterTarget = (typeof adapterTargets)[number]
/** A name in `cudaMajors`. */
export type CudaMajor = (typeof cudaMajors)[number]
