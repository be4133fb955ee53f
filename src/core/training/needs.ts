import type {KeyNeed} from '../config/load.js'
import type {Config} from '../config/schema.js'
import {evaluatedTask} from '../evaluation/evaluated-task.js'
import {objectives} from '../objectives/objectives.js'
import {tasks} from '../tasks/tasks.js'

/**
 * What training cannot run without: prepared data only where documents are read, or where there is no checkpoint that has a
 * tokenizer.
 */
export function trainingNeeds(config: Config): readonly KeyNeed[] {
  const own = objectives[config.train.objective].needs(config)
  const evaluated = config.eval.every > 0 ? tasks[evaluatedTask(config)].needs : []
  const tokenizer = config.model.path === undefined ? ['data.dir'] : []
  const keys = new Set<KeyNeed>([...own, ...evaluated, ...tokenizer])
  // Data first: the other keys make no sense without them.
  return [...(keys.delete('data.dir') ? ['data.dir'] : []), ...keys, ['model.path', 'model.config']]
}
