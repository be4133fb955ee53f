import {existsSync} from 'node:fs'
import {arch, cpus, freemem, platform, release, totalmem} from 'node:os'
import {type CudaReport, examineCuda} from '../cuda/examine-cuda.js'
import {findGpu} from '../cuda/gpu-memory.js'
import {providerPlace} from '../cuda/provider-files.js'
import {hubSettings} from '../hub/settings.js'
import {type ProviderProbe, probeProviders, runtimeVersion} from '../runtime/providers.js'
import {telemetryState} from '../runtime/telemetry.js'

/** What a machine offers to `rpt`. */
export interface MachineReport {
  readonly versions: Readonly<Record<string, string>>
  /** Execution providers of onnxruntime, each tried with a small graph. */
  readonly providers: readonly ProviderProbe[]
  /** What CUDA needs, and what of it is there. */
  readonly cuda: CudaReport
  /** The GPU that CUDA would take; or why it is not known. */
  readonly gpu: {readonly name: string; readonly total_bytes: number; readonly free_bytes: number} | string
  /** Whether onnxruntime gathers telemetry here, asked after sessions were made. */
  readonly telemetry: 'off' | 'on'
  readonly cores: number
  readonly processor: string
  readonly memory: {readonly total_bytes: number; readonly free_bytes: number}
  readonly hub: {
    readonly endpoint: string
    readonly cache: string
    readonly cache_exists: boolean
    readonly offline: boolean
    /** Only whether there is one; the token itself is in no result. */
    readonly token: 'present' | 'absent'
    /** Whether HTTPS_PROXY or HTTP_PROXY names one; its address may hold a password. */
    readonly proxy: 'present' | 'absent'
  }
}

/**
 * Examines the machine; reaches for no network.
 *
 * @param env environment variables: those of the Hub are looked at
 * @throws {UsageError} when HF_ENDPOINT is no address
 */
export async function examineMachine(version: string, env: NodeJS.ProcessEnv): Promise<MachineReport> {
  const {endpoint, cache, isOffline, token, proxies} = hubSettings(env)
  // Before the probe takes some of its memory.
  const {gpu, reason} = findGpu(env)
  const providers = await probeProviders()
  return {
    versions: {
      rpt: version,
      node: process.version,
      onnxruntime: runtimeVersion(),
      system: `${platform()} ${release()} ${arch()}`,
    },
    providers,
    cuda: await examineCuda(providerPlace(), env),
    gpu: gpu ? {name: gpu.name, total_bytes: gpu.totalBytes, free_bytes: gpu.freeBytes} : reason,
    telemetry: telemetryState(),
    cores: cpus().length,
    processor: cpus()[0]?.model ?? 'unknown',
    memory: {total_bytes: totalmem(), free_bytes: freemem()},
    hub: {
      endpoint,
      cache,
      cache_exists: existsSync(cache),
      offline: isOffline,
      token: token === null ? 'absent' : 'present',
      proxy: proxies === null ? 'absent' : 'present',
    },
  }
}
