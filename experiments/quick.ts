/**
 * A quick run: every stage of an experiment at the smallest size that goes through it, to see that it still works. Its
 * numbers mean nothing, so it publishes none.
 */

/** Whether this process was started with `--quick`. */
export const isQuick = process.argv.includes('--quick')

/** The seeds that a run uses: the first alone in a quick run. */
export function seedsOf(seeds: readonly number[]): readonly number[] {
  return isQuick ? seeds.slice(0, 1) : seeds
}

/** As many steps as ever, each of them small. */
const smallSteps = [
  'grpo.contextsPerStep=2',
  'grpo.contextsPerMicroBatch=2',
  'grpo.groupSize=2',
  'train.batchRows=2',
  'train.rowsPerMicroBatch=2',
]

/** Settings of a quick run, for each command. */
export const quickSettings: Readonly<Record<string, readonly string[]>> = {
  'prepare-data': [],
  train: smallSteps,
  eval: ['eval.limit=60', 'eval.bootstraps=20'],
}
