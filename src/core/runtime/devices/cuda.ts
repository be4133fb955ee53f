import {cudaEnvironment} from '../../cuda/environment.js'
import {examineCuda} from '../../cuda/examine-cuda.js'
import {providerPlace} from '../../cuda/provider-files.js'
import {hostMemory} from './cpu.js'
import type {DeviceKind} from './device-kind.js'

/** GPUs of NVIDIA, as onnxruntime takes them. Their own memory is not looked at: all is counted as on the host. */
export const cuda: DeviceKind = {
  // A node that CUDA has no kernel for fails instead of being computed on the CPU, with copies to and fro.
  session: {executionProviders: ['cuda'], extra: {session: {disable_cpu_ep_fallback: '1'}}},
  isBuiltIn: false,
  readsInPlace: false,
  precisions: ['float32', 'float16', 'float16-rounded'],
  memory: hostMemory,
  environment: (env, {cuda: settings}) => cudaEnvironment(env, settings),
  async diagnose(env) {
    const {provider, missing, remedies} = await examineCuda(providerPlace(), env)
    if (remedies.length === 0) return null
    const lacks = missing.length > 0 ? [`${missing.join(', ')} not found`] : []
    const build = provider === 'other' ? ['the CUDA provider is of another commit than onnxruntime'] : []
    const found = [...build, ...lacks].join(', ') || `the CUDA provider is ${provider}`
    return {reason: found, remedies, isUnsafe: provider === 'other'}
  },
}
