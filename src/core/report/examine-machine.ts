import {existsSync, readFileSync} from 'node:fs'
import {arch, cpus, freemem, homedir, platform, release, totalmem} from 'node:os'
import {join} from 'node:path'
import {type ProviderProbe, probeProviders, runtimeVersion} from '../runtime/providers.js'

/** What a machine offers to `rpt`. */
export interface MachineReport {
  readonly versions: Readonly<Record<string, string>>
  /** Execution providers of onnxruntime, each tried with a small graph. */
  readonly providers: readonly ProviderProbe[]
  readonly cores: number
  readonly processor: string
  readonly memory: {readonly total_bytes: number; readonly free_bytes: number}
  readonly hub: {
    readonly cache: string
    readonly cache_exists: boolean
    readonly offline: boolean
    /** Only whether there is one; the token itself is never read into a result. */
    readonly token: 'present' | 'absent'
  }
}

/**
 * Examines the machine; reaches for no network.
 *
 * @param env environment variables: HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE, HF_TOKEN and HF_TOKEN_PATH are looked at
 */
export async function examineMachine(version: string, env: NodeJS.ProcessEnv): Promise<MachineReport> {
  const home = env.HF_HOME ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface')
  const cache = env.HF_HUB_CACHE ?? join(home, 'hub')
  const hasToken = Boolean(env.HF_TOKEN) || isFilled(env.HF_TOKEN_PATH ?? join(home, 'token'))
  return {
    versions: {
      rpt: version,
      node: process.version,
      onnxruntime: runtimeVersion(),
      system: `${platform()} ${release()} ${arch()}`,
    },
    providers: await probeProviders(),
    cores: cpus().length,
    processor: cpus()[0]?.model ?? 'unknown',
    memory: {total_bytes: totalmem(), free_bytes: freemem()},
    hub: {
      cache,
      cache_exists: existsSync(cache),
      offline: ['1', 'ON', 'YES', 'TRUE'].includes((env.HF_HUB_OFFLINE ?? '').toUpperCase()),
      token: hasToken ? 'present' : 'absent',
    },
  }
}

function isFilled(file: string): boolean {
  return existsSync(file) && readFileSync(file, 'utf8').trim() !== ''
}
