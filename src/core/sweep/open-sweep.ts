import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {requireKeys, type SourcedConfig, valueAt} from '../config/load.js'
import type {Config} from '../config/schema.js'
import {checkMemory} from '../engine/memory/check-memory.js'
import {sayModes} from '../evaluation/evaluated-task.js'
import {sayGeneration, withGeneration} from '../evaluation/generation-settings.js'
import {checkForcedThought} from '../evaluation/given-thoughts.js'
import {refuseEntangled} from '../files/index.js'
import {generationFolders} from '../runs/model-place.js'
import {refuseOccupied} from '../runs/output-folder.js'
import {faultOfModel} from '../runs/own-checkpoint.js'
import {recordedConfig} from '../runs/recorded-config.js'
import {refuseOtherRun} from '../runs/rehearse-resume.js'
import {resolveModel} from '../runs/resolve-model.js'
import {checkpointFolder, checkpointSteps} from '../runs/run-checkpoints.js'
import {identityHash, inputOfPoint, type RunInputs, steering} from '../runs/run-identity.js'
import {dependsOnLength} from '../training/depends-on-length.js'
import {trainingNeeds} from '../training/needs.js'
import {
  openEvaluated,
  openTraining,
  settingsToEvaluate,
  startingSettings,
  type TrainingStart,
} from '../training/open-training.js'
import {isRunOf} from '../training/training-inputs.js'
import {isReached} from '../training/unreached-steps.js'
import {UsageError} from '../util/errors.js'
import {silentProgress} from '../util/progress.js'
import type {Services} from '../util/services.js'
import {openPoint} from './evaluated-point.js'
import {type PlacedPoint, type SweepPoint, stepsOf, sweepPoints} from './points.js'
import {distinctGeneration, evaluatedLikeSweep, withTaskModes} from './sweep-settings.js'
import {checkTaken, readHistory, readSweepRows} from './taken-steps.js'

/** What a sweep starts from. */
export interface SweepStart {
  readonly points: readonly PlacedPoint[]
  /** The settings of the sweep, and of the models' `generation_config.json` where they leave that open. */
  readonly loaded: SourcedConfig
}

/**
 * The points of a sweep, and that each of them could be trained: the whole of `--dry-run`, the beginning of `scaling-sweep`.
 *
 * @throws {UsageError} for axes, settings and output folders that cannot work, and for what does not fit into memory
 * @throws {DataError} for inputs that cannot be read or do not belong together
 */
export async function openSweep(given: Config, services: Services): Promise<SweepStart> {
  const state = await refuseOccupied(given, services)
  // A download is shown; what training says, it says when its turn comes.
  const quiet = {...services, progress: {...silentProgress, stage: services.progress.stage}}
  const placed = sweepPoints(given).map((point): SweepPoint => ({...point, ...startingSettings(point, quiet)}))
  const own = withTaskModes({config: given, sources: services.sources}, placed)
  sayModes(own, 'scaling-sweep', services.progress)
  const {config} = own
  checkForcedThought(config)
  for (const point of placed) requireKeys(point.config, trainingNeeds(evaluatedLikeSweep(point.config, config)))
  if (state === 'ours' && services.overwrite)
    for (const point of placed) refuseEntangled(point.config, config.out!, 'scaling-sweep', `the point ${point.name}`)
  const points: PlacedPoint[] = []
  for (const point of placed) points.push({...point, ...(await placeOf(point, config, quiet))})
  for (const point of points) checkSteps(point, config)
  const done = points.filter(({isDone}) => isDone)
  const ledger = state === 'ours' && services.resume ? await readSweepRows(config.out!) : []
  for (const point of done) {
    checkTaken(point, stepsOf(point, config), ledger, config.out!)
    readHistory(point, point.config.train.steps)
    await checkDone(point, own, quiet)
  }
  const models = new Set(done.map(checkpointOf))
  for (const point of points.filter(({isDone}) => !isDone)) {
    const start = await openTraining(point.config, servicesOf(point, quiet))
    const {source, demand, resumed} = start
    const taken = stepsOf(point, config).filter((step) => resumed && step <= resumed.state.step)
    checkTaken(point, taken, ledger, config.out!)
    if (resumed) readHistory(point, resumed.state.step)
    await checkTrained(start, config)
    if (!services.rehearsal) checkMemory('train', demand, point.config.memory)
    models.add(generationFolders(source.place)[0] ?? source.path)
  }
  const folders = distinctGeneration(models)
  sayGeneration(own, folders, 'scaling-sweep', services.progress)
  const loaded = withGeneration(own, folders)
  if (services.rehearsal && services.resume && state === 'ours') rehearseResume(points, loaded.config, services)
  return {points, loaded}
}

/** `--dry-run --resume`: compares with what the sweep was begun with; its inputs are its runs, once all are there. */
function rehearseResume(points: readonly PlacedPoint[], config: Config, services: Services): void {
  refuseOtherRun(config, services, points.every(({isDone}) => isDone) ? sweepInputs(points) : null)
  for (const point of points) if (point.isDone) services.progress.log(usesLine(point))
}

/** Fingerprints of what a sweep evaluates. */
export function sweepInputs(points: readonly PlacedPoint[]): RunInputs {
  return Object.fromEntries(points.map(({name, folder}) => [inputOfPoint(name), identityHash(folder)!]))
}

/** What is said of a point that is trained already. */
export function usesLine({name, folder}: PlacedPoint): string {
  return `${name}: uses ${folder}`
}

/** The last checkpoint of a point that is trained. */
function checkpointOf({folder, config: {train}}: PlacedPoint): string {
  return checkpointFolder(folder, train.steps)
}

/** What the training of a point works with. Where a sweep is replaced, so is the run that it has: nothing goes on from it. */
export function servicesOf({config, sources, folders}: SweepPoint, services: Services): Services {
  const resume = !services.overwrite && existsSync(config.out!)
  return {...services, sources, folders, command: 'train', resume}
}

/** Checks of a point that is to be trained that it can then be evaluated as the sweep says. */
async function checkTrained({loaded, opened, model, texts, data}: TrainingStart, sweep: Config): Promise<void> {
  const asked = {...loaded, config: evaluatedLikeSweep(loaded.config, sweep)}
  await openEvaluated(settingsToEvaluate(asked, opened, 'scaling-sweep: eval.modes'), model, texts, data)
}

/** Checks of a point that is trained what `openTraining` checks of the others: that it can be evaluated as the sweep says. */
async function checkDone(point: PlacedPoint, own: SourcedConfig, services: Services): Promise<void> {
  const place = await resolveModel(checkpointOf(point), undefined, services)
  // The base of adapters is not there yet.
  if (!place.isWhole) return
  const {config, data, model} = await openPoint(point, place, own)
  await openEvaluated(evaluatedLikeSweep(config, own.config), model, data, data)
}

/** Refuses steps that training would not keep a checkpoint of, before it begins. */
function checkSteps(point: PlacedPoint, config: Config): void {
  const {train, checkpoint} = point.config
  const steps = stepsOf(point, config)
  if (steps.length === 0)
    throw new UsageError('scaling-sweep: there is no checkpoint to evaluate', {
      suggestions: ['set sweep.checkpoints, or checkpoint.steps in the training config'],
    })
  if (point.isDone) return
  const kept = new Set([...checkpoint.steps, train.steps])
  const lost = steps.find((step) => !isReached(step, point.config) || !kept.has(step))
  if (lost !== undefined)
    throw new UsageError(`scaling-sweep: ${point.name} will have no checkpoint of step ${lost} of ${train.steps}`, {
      suggestions: [
        isReached(lost, point.config)
          ? 'add it to checkpoint.steps of the training config, so that it is kept'
          : 'set sweep.checkpoints to steps that every point takes: from 1 to its train.steps',
      ],
    })
}

/**
 * Where a point's run is or will be: a finished one with the same settings, among `sweep.runs` or of this sweep where it is
 * not replaced, or one trained here.
 */
async function placeOf(
  point: SweepPoint,
  {sweep: {runs}}: Config,
  services: Services,
): Promise<{folder: string; isDone: boolean}> {
  const {config} = point
  for (const folder of [...runs.toReversed(), ...(services.overwrite ? [] : [config.out!])])
    if ((await isSameRun(folder, point, services)) && (await isAtEnd(folder, config))) return {folder, isDone: true}
  return {folder: config.out!, isDone: false}
}

/** Whether a run has its last checkpoint. The sweep's own has to be sound and to have its summary, too: else it goes on. */
async function isAtEnd(folder: string, {out, train: {steps}}: Config): Promise<boolean> {
  if (!(await checkpointSteps(folder)).includes(steps)) return false
  if (folder !== out) return true
  return existsSync(join(folder, 'summary.json')) && faultOfModel(checkpointFolder(folder, steps)) === null
}

/**
 * Whether a run is that of a point. One of another length is only where no step depends on the length. The own run of the point
 * goes on, so it is as `--resume` takes it.
 */
async function isSameRun(path: string, point: SweepPoint, services: Services): Promise<boolean> {
  const {config} = point
  if (!(await isRunOf(path, config, servicesOf(point, services)))) return false
  const recorded = recordedConfig(path)
  const keys = [...(path === config.out ? [] : steering), ...(dependsOnLength(config) ? ['train.steps'] : [])]
  return keys.every((key) => valueAt(recorded, key) === valueAt(config, key))
}
