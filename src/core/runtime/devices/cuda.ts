import {cudaEnvironment} from '../../cuda/environment.js'
import {examineCuda} from '../../cuda/examine-cuda.js'
import {type FoundGpu, findGpu} from '../../cuda/gpu-memory.js'
import {providerPlace} from '../../cuda/provider-files.js'
import type {DeviceKind, DeviceMemory} from './device-kind.js'

let found: FoundGpu | undefined

/** The GPU's own memory, as it was before this thread first asked: what the thread takes of it is its own to count. */
const gpuMemory: DeviceMemory = {
  availableBytes() {
    found ??= findGpu(process.env)
    return found.gpu?.freeBytes ?? null
  },
  // As much as onnxruntime's allocator needs for updates and sampling, tried by how little is enough (docs/how-to/cuda.md).
  arenaFactor: 1.3,
  isApart: true,
  mostElements: 2 ** 31 - 1,
}

/** GPUs of NVIDIA, as onnxruntime takes them. */
export const cuda: DeviceKind = {
  // A node that CUDA has no kernel for fails instead of being computed on the CPU, with copies to and fro.
  session: {executionProviders: ['cuda'], extra: {session: {disable_cpu_ep_fallback: '1'}}},
  isBuiltIn: false,
  readsInPlace: false,
  precisions: ['float32', 'float16', 'float16-rounded'],
  memory: gpuMemory,
  environment: (env, {cuda: settings}) => cudaEnvironment(env, settings),
  roundsToTf32: (env) => env.NVIDIA_TF32_OVERRIDE !== '0',
  async diagnose(env) {
    const {provider, missing, remedies} = await examineCuda(providerPlace(), env)
    if (remedies.length === 0) return null
    const lacks = missing.length > 0 ? [`${missing.join(', ')} not found`] : []
    const build = provider === 'other' ? ['the CUDA provider is of another commit than onnxruntime'] : []
    const found = [...build, ...lacks].join(', ') || `the CUDA provider is ${provider}`
    return {reason: found, remedies, isUnsafe: provider === 'other'}
  },
}
