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
  async render({fits, rows, ...summary}: SweepSummary): Promise<string> {
    const {fitRows, withoutColumns} = await import('../terminal/fit-rows.js')
    const {fitWarnings} = await import('../core/statistics/series.js')
    const constants = fits.map(({residuals: _, warnings: __, ...fit}) => fit)
    const accuracies = withoutColumns(rows, ['point'])
    const curves = fitRows({name: 'fits', rows: constants, spare: spareOfFits, file: 'summary.json'}, this.colors)
    const table = fitRows({name: 'rows', rows: accuracies, spare, file: 'sweep.arrow'}, this.colors)
    const warnings = fitWarnings(fits).join('\n') || null
    const shown = {...summary, fits: curves.rows, warnings, rows: table.rows}
    return (await this.summaryText(shown)) + curves.note + table.note
  }
}

/** Columns that a narrow terminal leaves out, the first first; the point, the step, the mode, the split and the accuracy stay. */
const spare = ['seed', 'compute_flops']

/** The same of fits; the curve, whose name begins with its mode, the split and the constants with R^2 stay. */
const spareOfFits = ['mode', 'resamples', 'resamples_fitted', 'point_count', 'r2_ci', 'A_ci', 'P_star_ci', 'alpha_ci']
