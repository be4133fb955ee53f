import type {EvaluationLog} from '../evaluation/evaluation-log.js'
import type {Objective, TrainingContext} from '../objectives/objective.js'
import type {Companions} from '../runs/companions.js'
import type {RunDirectory} from '../runs/run-directory.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'

/** A run that is ready to be trained. */
export interface TrainingRun {
  readonly run: RunDirectory
  readonly training: TrainingContext
  readonly objective: Objective
  /** Null where none fall due. */
  readonly evaluations: EvaluationLog | null
  /** What is written beside the weights of every checkpoint. */
  readonly companions: Companions
  readonly tokenizer: Tokenizer
}
