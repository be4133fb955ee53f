import {BaseCommand, directoryFlags, type Request} from '../base-command.js'

/** `rpt scaling-sweep`: axes -> runs, accuracy against compute, the fitted power law. */
export default class ScalingSweep extends BaseCommand {
  static override summary = 'train over axes of settings and fit how accuracy grows with compute'
  static override description =
    'Every combination of the values in sweep.axes is one run. A ledger records which runs are done, so an interrupted sweep continues where it stopped. The fit is P(C) = A / C^alpha + P*, with R^2 and bootstrap intervals.'
  static override examples = [
    '<%= config.bin %> scaling-sweep --config experiments/tiny/sweep.yaml',
    '<%= config.bin %> scaling-sweep --config sweep.yaml --out runs/sweep --resume',
  ]
  static override flags = {...directoryFlags}
  static override needs = ['out']

  /** Runs what is missing of the sweep and prints the fits. */
  run(): Promise<object> {
    const settings = async ({config, services}: Request) => {
      const {openSweep} = await import('../core/sweep/open-sweep.js')
      return (await openSweep(config, services)).loaded
    }
    return this.perform(
      async ({config, services}) => {
        const {sweep} = await import('../core/sweep/sweep.js')
        return sweep(config, services)
      },
      {settings},
    )
  }
}
