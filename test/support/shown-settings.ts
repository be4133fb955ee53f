import type {SourcedConfig} from '../../src/core/config/load.js'
import {planOf} from '../../src/core/planning/plan.js'
import {toyServices} from './toy-run.js'

/** What `--dry-run` shows of settings: those that the command would record. */
export async function shownSettings(command: string, {config, sources}: SourcedConfig): Promise<SourcedConfig> {
  const services = toyServices({command, sources, rehearsal: {note: () => undefined}})
  return (await planOf(command, config, services)).recorded
}
