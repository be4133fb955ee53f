import type {SourcedConfig} from '../config/load.js'
import type {Config} from '../config/schema.js'
import {type MemoryDemand, reportMemory} from '../engine/memory/check-memory.js'
import {openEvaluation} from '../evaluation/evaluate.js'
import {commandTask} from '../evaluation/evaluated-task.js'
import {withGeneration} from '../evaluation/generation-settings.js'
import {objectives} from '../objectives/objectives.js'
import {rehearsePreparation} from '../preparation/prepare-data.js'
import {generationFolders} from '../runs/model-place.js'
import {sweepPoints} from '../sweep/points.js'
import {trackedFiles} from '../trackers/trackers.js'
import {isEvaluated, openInputs, openTraining, startingSettings} from '../training/open-training.js'
import {maxOf} from '../util/extremes.js'
import {plural} from '../util/plural.js'
import {silentProgress} from '../util/progress.js'
import type {Services} from '../util/services.js'
import {openWarmStart} from '../warm-start/open-warm-start.js'

/** What a command found before its work. */
export interface Opened {
  /** What the work needs; null where nothing is computed, or the model is not named. */
  readonly demand: MemoryDemand | null
  /** The settings that the command would record, where some come from the checkpoints and runs that it reads. */
  readonly recorded?: SourcedConfig
  /** Which instruction its prompts are in, and how long it is: a line for each model. */
  readonly prompts?: readonly string[]
  /** What decides which contexts a step draws, where it is more than a seeded order. */
  readonly order?: readonly string[]
}

/** How a command is planned. */
export interface Planner {
  readonly batch: (config: Config) => string
  /** Checks what the command would check before its work. */
  readonly open: (config: Config, services: Services) => Promise<Opened>
  /** Below `out`; an empty name is `out` itself. */
  readonly files: (config: Config) => readonly string[]
}

/** Files that every run directory has in the end. */
const ofEveryRun = ['config.resolved.yaml', 'run.json', 'summary.json', 'logs/attempt-*.jsonl']

/** How each command is planned. */
export const planners: Readonly<Record<string, Planner>> = {
  train: {
    batch: (config) => objectives[config.train.objective].batch(config),
    async open(config, services) {
      const {demand, loaded, source, opened} = await openTraining(config, services)
      const recorded = withGeneration(loaded, generationFolders(source.place))
      const prompts = opened.instruction === undefined ? [] : [opened.instruction]
      return {demand, recorded, prompts, order: opened.order}
    },
    files: (config) => [
      ...ofEveryRun,
      'metrics.arrow',
      ...trackedFiles(config.train.track),
      ...objectives[config.train.objective].leaves,
      ...(isEvaluated(config) ? ['eval.arrow', 'eval/step-*.arrow'] : []),
      'checkpoints/step-*',
    ],
  },
  eval: {
    batch: (config) =>
      `${config.eval.limit ?? 'all'} held-out ${commandTask(config).noun} x modes ${config.eval.modes.join(', ')}`,
    async open(config, services) {
      const {demands, recorded, instructions} = await openEvaluation(config, services)
      // One model is in memory at a time.
      return {demand: largestOf(demands, config), recorded, prompts: instructions}
    },
    files: () => [...ofEveryRun, 'eval.arrow', 'eval/*-step-*.arrow'],
  },
  'prepare-data': {
    batch: ({data}) => `${data.limit ?? 'all'} documents, at most ${data.batchTokens} tokens scored at once`,
    open: async (config, services) => ({demand: await rehearsePreparation(config, services)}),
    files: () => [
      'documents.arrow',
      'positions.arrow',
      'tokenizer.json',
      'tokenizer_config.json',
      'manifest.json',
      'summary.json',
    ],
  },
  'warm-start': {
    batch: ({warmStart: {rows, styles}}) => `${rows} rows, thoughts of styles ${styles.join(', ')}`,
    async open(config, services) {
      const {instruction} = await openWarmStart(config, services)
      return {demand: null, prompts: instruction === null ? [] : [instruction]}
    },
    files: () => [''],
  },
  'scaling-sweep': {
    batch: (config) =>
      `${plural(pointCount(config), 'point')} x checkpoints ${config.sweep.checkpoints.join(', ') || 'of checkpoint.steps'}`,
    open: async (config, services) => ({demand: await demandOfPoints(config, services)}),
    files: () => [...ofEveryRun, 'sweep.arrow', 'runs/*', 'predictions/*', 'scaling-*.svg'],
  },
}

/** The demand that needs most where it computes. */
function largestOf(demands: readonly MemoryDemand[], {memory}: Config): MemoryDemand {
  const needed = demands.map((demand) => {
    const {device, neededBytes} = reportMemory(demand, memory)
    return device?.neededBytes ?? neededBytes
  })
  return demands[needed.indexOf(maxOf(needed))]
}

/** What that point of a sweep needs which needs most; null where none names a model. Whether they can be trained, the sweep checks itself. */
async function demandOfPoints(config: Config, services: Services): Promise<MemoryDemand | null> {
  if (!config.sweep.train) return null
  const quiet = {...services, command: 'train', progress: silentProgress}
  const demands: MemoryDemand[] = []
  for (const point of sweepPoints(config)) {
    const {path, config: shape} = point.config.model
    if (path === undefined && shape === undefined) continue
    const {config: own, sources} = startingSettings(point, quiet)
    demands.push((await openInputs(own, {...quiet, sources}, {})).demand)
  }
  return demands.length > 0 ? largestOf(demands, config) : null
}

function pointCount({sweep}: Config): number {
  return Object.values(sweep.axes).reduce((product, values) => product * values.length, 1)
}
