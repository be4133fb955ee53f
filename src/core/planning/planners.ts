import {dirname} from 'node:path'
import {loadConfig} from '../config/load.js'
import type {Config} from '../config/schema.js'
import type {MemoryDemand} from '../engine/memory/check-memory.js'
import {openEvaluation} from '../evaluation/evaluate.js'
import {objectives} from '../objectives/objectives.js'
import {rehearsePreparation} from '../preparation/prepare-data.js'
import {openInputs, openTraining} from '../training/open-training.js'
import {silentProgress} from '../util/progress.js'
import type {Services} from '../util/services.js'

/** How a command is planned. */
export interface Planner {
  readonly batch: (config: Config) => string
  /** Checks what the command would check before its work, and says what that work needs. */
  readonly demand: (config: Config, services: Services) => Promise<MemoryDemand | null>
  /** Below `out`. */
  readonly files: (config: Config) => readonly string[]
}

/** How each command is planned. */
export const planners: Readonly<Record<string, Planner>> = {
  train: {
    batch: (config) => objectives[config.train.objective].batch(config),
    demand: async (config, services) => (await openTraining(config, services)).demand,
    files: ({train}) => [
      'config.resolved.yaml',
      'metrics.arrow',
      ...objectives[train.objective].leaves,
      'checkpoints/step-*',
      'summary.json',
    ],
  },
  eval: {
    batch: (config) => `${config.eval.limit ?? 'all'} held-out positions x modes ${config.eval.modes.join(', ')}`,
    // One model is in memory at a time.
    demand: async (config, services) => (await openEvaluation(config, services)).demands[0],
    files: () => ['eval.arrow', 'eval/step-*.arrow', 'summary.json'],
  },
  'prepare-data': {
    batch: ({data}) => `${data.limit ?? 'all'} documents, at most ${data.batchTokens} tokens scored at once`,
    demand: rehearsePreparation,
    files: () => ['documents.arrow', 'positions.arrow', 'tokenizer.json', 'manifest.json'],
  },
  'scaling-sweep': {
    batch: (config) =>
      `${pointCount(config)} points x checkpoints ${config.sweep.checkpoints.join(', ') || 'of checkpoint.steps'}`,
    demand: demandOfPoint,
    files: () => ['sweep.arrow', 'runs/*', 'summary.json', 'scaling-*.svg'],
  },
}

/** Of a sweep's training config: its points are opened by the sweep itself. */
async function demandOfPoint({sweep: {train}}: Config, services: Services): Promise<MemoryDemand | null> {
  if (!train) return null
  const {config} = loadConfig({files: [train], cwd: dirname(train)})
  if (!config.model.path && !config.model.config) return null
  return (await openInputs(config, {...services, command: 'train', progress: silentProgress}, {})).demand
}

function pointCount({sweep}: Config): number {
  return Object.values(sweep.axes).reduce((product, values) => product * values.length, 1)
}
