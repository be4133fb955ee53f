import type {Config} from '../config/schema.js'
import type {Manifest} from '../files/index.js'
import type {Difficulty} from '../records/records.js'
import type {Progress} from '../util/progress.js'
import type {PositionCounts, PreparationInputs} from './prepared-manifest.js'

/** What this asks of prepared data. */
interface Prepared {
  readonly folder: string
  readonly manifest: Manifest
}

/**
 * Held-out positions that no box can hold, by the hardest level that they reach; null where the data were prepared before
 * such positions were told apart.
 */
export function heldOutInexpressible({manifest}: Prepared): Readonly<Record<Difficulty, number>> | null {
  const {val} = (manifest.positions ?? {}) as {val?: Partial<PositionCounts>}
  return val?.inexpressible ?? null
}

/** Warns where positions were told apart by another length of the reference than predictions are now graded with. */
export function checkReferenceLength(
  {folder, manifest}: Prepared,
  {reward: {maxReferenceTokens}}: Pick<Config, 'reward'>,
  {warn}: Pick<Progress, 'warn'>,
): void {
  const {settings} = manifest as Partial<PreparationInputs>
  const prepared = settings?.['reward.maxReferenceTokens']
  if (prepared === undefined)
    warn(
      `${folder} was prepared by an older version, which did not leave out targets that no box can hold: run rpt prepare-data again`,
    )
  else if (prepared !== maxReferenceTokens)
    warn(
      `${folder} was prepared with reward.maxReferenceTokens ${prepared}, which decides which targets no box can hold; this command has ${maxReferenceTokens}`,
    )
}
