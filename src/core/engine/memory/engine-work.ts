import type {PrecisionName, UpdateModeName} from '../../config/names.js'
import type {ObjectiveSettings} from '../../grpo/objective.js'
import type {ModelConfig} from '../../models/model-config.js'
import type {DecoderGraph} from '../graphs/decoder-graph.js'
import type {LanguageModelShape} from '../graphs/language-model.js'
import type {LogprobShape} from '../graphs/logprobs.js'
import type {PolicyShape} from '../graphs/policy.js'
import type {ScoreShape} from '../graphs/score.js'
import type {RolloutSizes} from '../graphs/shapes.js'
import type {GraphKind} from '../sessions/graph-kinds.js'

/** The largest graph of each kind that the engine will be asked to run. */
export interface GraphWork {
  readonly rollout?: RolloutSizes
  readonly policy?: PolicyShape
  readonly languageModel?: LanguageModelShape
  readonly score?: ScoreShape
  readonly logprobs?: LogprobShape
}

/** What the engine is asked for: one model, and the largest graphs. */
export interface EngineWork extends GraphWork {
  readonly model: ModelConfig
  /** GRPO's objective; matters to `policy` only. */
  readonly objective?: ObjectiveSettings
  /** Whether a reference is kept and asked for log-probabilities. */
  readonly hasReference?: boolean
  /** Whether the policy's log-probabilities are asked for before its gradient: a graph as the reference's. */
  readonly asksPolicy?: boolean
  /** Whether a moving average of the weights is kept. */
  readonly hasAverage?: boolean
  /** Whether an update has several micro-batches: their gradients are summed. */
  readonly isAccumulated?: boolean
  /** How often a step asks for each, and for log-probabilities of the policy's micro-batches; once when absent. */
  readonly times?: {
    readonly rollout?: number
    readonly policy?: number
    readonly asked?: number
    readonly languageModel?: number
  }
  /** How updates are computed; whole when absent. */
  readonly updateMode?: UpdateModeName
  /** How matrix products are computed; float32 when absent. */
  readonly precision?: PrecisionName
  /** Micro-batches of the settings that are computed together; 1 when absent. Graphs and `times` are those of all together. */
  readonly microBatchesAtOnce?: number
}

/** A kind of work; each has graphs of its own. */
export type WorkKind = keyof GraphWork | 'reference'

/** What an engine does at one time. An update layer by layer computes the head, with the logits, before any layer's gradient. */
export type Phase = 'sampling' | 'head' | 'layers' | 'scoring'

const update: readonly Phase[] = ['head', 'layers']

/** When each kind of work is at work; the memory of another phase is free then, but for that of graphs that keep theirs. */
const phasesOfWork: Readonly<Record<WorkKind, readonly Phase[]>> = {
  rollout: ['sampling'],
  policy: update,
  reference: update,
  languageModel: update,
  score: ['scoring'],
  logprobs: ['scoring'],
}

/** All phases, each once. */
export const allPhases: readonly Phase[] = [...new Set(Object.values(phasesOfWork).flat())]

/** Whether something is in memory in a phase: its own phases count, or those of its kind of work, or it always is. */
export function isInPhase(
  {kind, phases = kind && phasesOfWork[kind]}: {readonly kind?: WorkKind; readonly phases?: readonly Phase[]},
  phase: Phase,
): boolean {
  return phases?.includes(phase) ?? true
}

/** Memory of one class of tensors. */
export interface MemoryPart {
  readonly name: string
  readonly bytes: number
  /** Kind of work that needs it; absent for what is there throughout. */
  readonly kind?: WorkKind
  /** When it is there, if not always while that work is done. */
  readonly phases?: readonly Phase[]
}

/** A graph of some work. */
export interface WorkGraph {
  readonly kind: GraphKind
  readonly of: WorkKind
  /** Builds it for a model, which may have fewer layers than the one at work. */
  readonly build: (model: ModelConfig) => DecoderGraph
  /** Trips that its Loop takes; absent where it has none. */
  readonly trips?: number
  /** When it runs, if not all the time that the work takes. */
  readonly phases?: readonly Phase[]
  /** Whether it reads rows from arrays of the host, and writes them there: they are counted apart. */
  readonly isFedRows?: boolean
}
