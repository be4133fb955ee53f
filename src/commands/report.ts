import {join} from 'node:path'
import * as Args from '@oclif/core/args'
import {BaseCommand, outFlag, type Request} from '../base-command.js'
import type {WrittenReport} from '../core/report/report.js'
import {absolutePath} from '../core/util/home.js'
import {visibleLine} from '../core/util/visible.js'

/** `rpt report`: run directories -> one self-contained page. */
export default class Report extends BaseCommand {
  static override summary = 'write one HTML page about run directories: curves, tables, rollouts'
  static override description =
    'The page needs no network. Without --out, it is written to report.html in the first run directory.'
  static override examples = [
    '<%= config.bin %> report runs/tiny/rpt',
    '<%= config.bin %> report runs/tiny/rpt runs/tiny/ntp runs/tiny/eval --out comparison.html',
  ]
  static override args = {
    runs: Args.string({description: 'run directories; the setting report.runs when absent', name: 'RUN'}),
  }
  static override flags = outFlag('file')
  static override strict = false

  /** Writes the page and prints where it is. */
  async run(): Promise<object> {
    const pathsOf = ({config, argv}: Request) => {
      const runs = argv.length > 0 ? argv.map((run) => absolutePath(run, process.cwd(), 'report')) : config.report.runs
      return [runs, config.out ?? join(runs[0] ?? '.', 'report.html')] as const
    }
    const write = async (request: Request) => {
      const {writeReport} = await import('../core/report/report.js')
      return writeReport(...pathsOf(request), request.services)
    }
    const check = async (request: Request) => {
      const {openReport} = await import('../core/report/report.js')
      return openReport(...pathsOf(request), request.services)
    }
    const render = async ({path, content}: WrittenReport) => {
      const {renderResults} = await import('../core/report/render-results.js')
      const {columnsOf} = await import('../terminal/fit-rows.js')
      return [...renderResults(content, columnsOf(process.stdout)), '', `report: ${visibleLine(path)}`].join('\n')
    }
    const {content: _, ...summary} = (await this.perform(write, {render, check})) as Partial<WrittenReport>
    return summary
  }
}
