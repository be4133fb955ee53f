import type {Config} from '../config/schema.js'
import type {Services} from '../util/services.js'
import {identityOf, type RunInputs, readIdentity, refuseOther} from './run-identity.js'

/**
 * The comparison of settings and inputs that `RunDirectory.open` makes, for `--dry-run`, which opens none, and for whoever loads
 * checkpoints of the run before it is opened.
 *
 * @param config what the command would record
 * @param inputs null where not all of them are there yet; settings alone are then compared
 * @throws {UsageError} when the run was begun with others
 */
export function refuseOtherRun(
  config: Config,
  {command, version}: Pick<Services, 'command' | 'version'>,
  inputs: RunInputs | null,
): void {
  const begun = readIdentity(config.out!)
  if (begun) refuseOther(config.out!, begun, identityOf(config, command, version, inputs))
}
