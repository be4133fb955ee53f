import {configHash} from '../config/resolved.js'
import type {Config} from '../config/schema.js'
import type {Engine} from '../engine/engine.js'
import {devices} from '../runtime/devices.js'
import type {Services} from '../util/services.js'

/** What every command's `summary.json` says. */
export interface Summary {
  readonly command: string
  readonly version: string
  readonly config_hash: string
  /** ISO 8601, UTC. */
  readonly started: string
  readonly wall_seconds: number
  readonly peak_rss_bytes: number
  /** Whether the device may have rounded products of float32 matrices to TF32; null where it never does. */
  readonly tf32: boolean | null
}

/** The common part of a summary, taken when the work is done. */
export async function summarize(
  command: string,
  config: Config,
  {version}: Services,
  started: Date,
  engine: Engine | null,
): Promise<Summary> {
  return {
    command,
    version,
    config_hash: configHash(config),
    started: started.toISOString(),
    wall_seconds: (Date.now() - started.getTime()) / 1000,
    peak_rss_bytes: engine ? await engine.peakMemory() : process.resourceUsage().maxRSS * 1024,
    tf32: devices[config.device].roundsToTf32?.(process.env) ?? null,
  }
}
