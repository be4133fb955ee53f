import {join, resolve} from 'node:path'
import {Args} from '@oclif/core'
import {BaseCommand, type Request} from '../base-command.js'
import {visibleLine} from '../core/util/visible.js'

/** `rpt report`: run directories -> one self-contained page. */
export default class Report extends BaseCommand {
  static override summary = 'write one HTML page about run directories: curves, tables, rollouts'
  static override description = 'The page needs no network. Without --out it is report.html in the first run directory.'
  static override examples = [
    '<%= config.bin %> report runs/tiny/rpt',
    '<%= config.bin %> report runs/tiny/rpt runs/tiny/ntp runs/tiny/eval --out comparison.html',
  ]
  static override args = {
    runs: Args.string({description: 'run directories; else the setting report.runs', name: 'RUN'}),
  }
  static override strict = false

  /** Writes the page and prints where it is. */
  run(): Promise<object> {
    const write = async ({config, services, argv}: Request) => {
      const runs = argv.length > 0 ? argv.map((run) => resolve(run)) : config.report.runs
      const {writeReport} = await import('../core/report/report.js')
      return writeReport(runs, config.out ?? join(runs[0] ?? '.', 'report.html'), services)
    }
    return this.perform(write, async ({path, runs}) => {
      const {renderResults} = await import('../core/report/render-results.js')
      return [...renderResults(runs), '', `report: ${visibleLine(path)}`].join('\n')
    })
  }
}
