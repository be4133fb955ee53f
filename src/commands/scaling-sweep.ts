import {BaseCommand, directoryFlags, type Request} from '../base-command.js'
import type {SweepSummary} from '../core/sweep/sweep.js'

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
      {settings, render: (summary) => this.render(summary)},
    )
  }

  /** The summary with the accuracies at its end; how far each point lies from its curve is left to `--json`. */
  private async render({fits, rows, ...summary}: SweepSummary): Promise<string> {
    const {fitRows, withoutColumns} = await import('../terminal/fit-rows.js')
    const table = fitRows(withoutColumns(rows, ['point']), spare, 'sweep.arrow', this.colors)
    const curves = fits.map(({residuals: _, ...fit}) => fit)
    return (await this.summaryText({...summary, fits: curves, rows: table.rows})) + table.note
  }
}

/** Columns that a narrow terminal leaves out, the first first; the point, the step, the mode, the split and the accuracy stay. */
const spare = ['seed', 'compute_flops']
