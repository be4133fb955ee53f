import type {Config} from '../config/schema.js'

/** Whether something that comes every so many steps comes after this one: 0 is never, and the last step always counts. */
export function isDue(step: number, every: number, steps: number): boolean {
  return every > 0 && (step % every === 0 || step === steps)
}

/** Whether an evaluation is due of the weights that a step left. */
export function isEvaluationDue(step: number, config: Pick<Config, 'eval' | 'train'>): boolean {
  return step > 0 && isDue(step, config.eval.every, config.train.steps)
}
