import {BaseCommand} from '../base-command.js'

/** `rpt doctor`: what this machine offers. */
export default class Doctor extends BaseCommand {
  static override summary = 'say what this machine offers: versions, providers that load, cores, memory, caches'
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --json']

  /** Examines the machine and prints what was found. */
  run(): Promise<object> {
    return this.perform(async ({services}) => {
      const {examineMachine} = await import('../core/report/examine-machine.js')
      return examineMachine(services.version, process.env)
    })
  }
}
