import * as Flags from '@oclif/core/flags'
import {BaseCommand} from '../base-command.js'
import {type CudaMajor, cudaMajors} from '../core/config/names.js'

/** `rpt doctor`: what this machine offers. */
export default class Doctor extends BaseCommand {
  static override summary = 'show what this machine offers: versions, providers that load, CUDA, cores, memory, caches'
  static override examples = [
    '<%= config.bin %> doctor',
    '<%= config.bin %> doctor --json',
    '<%= config.bin %> doctor --install-cuda',
    '<%= config.bin %> doctor --install-cuda --cuda 12',
  ]
  static override flags = {
    'install-cuda': Flags.boolean({
      description:
        "first fetch onnxruntime's CUDA provider, about 250 MB: for CUDA 13 from PyPI or PIP_INDEX_URL, for CUDA 12 from onnxruntime's release at GitHub",
    }),
    cuda: Flags.option({
      description: 'version of CUDA that the provider is for; the one found on this machine when absent, else 13',
      options: cudaMajors,
      dependsOn: ['install-cuda'],
    })(),
  }

  protected override readonly triesAllDevices = true

  /** Installs what was asked for, examines the machine and prints what was found. */
  run(): Promise<object> {
    return this.perform(async ({config, services, flags}) => {
      if (flags['install-cuda']) {
        const {installCuda} = await import('../core/cuda/install-provider.js')
        await installCuda(process.env, flags.cuda as CudaMajor | undefined, services)
        await this.startSuitably(config)
      }
      const {examineMachine} = await import('../core/report/examine-machine.js')
      return examineMachine(services.version, process.env)
    })
  }
}
