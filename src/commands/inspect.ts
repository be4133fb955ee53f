import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, configFlags, type Request} from '../base-command.js'
import {difficulties, ledgerWays, outcomes, results, sortKeys} from '../core/records/records.js'
import type {InspectOptions} from '../core/report/choose-rows.js'
import type {Inspection} from '../core/report/inspection.js'
import {absolutePath} from '../core/util/home.js'

/** `rpt inspect`: prepared data or a run directory -> positions, rollouts, and why a reward was 0. */
export default class Inspect extends BaseCommand {
  static override summary = 'look at prepared data or a run: positions, rollouts, why a reward was 0'
  static override examples = [
    '<%= config.bin %> inspect runs/tiny/data --rows 5 --difficulty hard',
    '<%= config.bin %> inspect runs/data --rows 1 --sort entropy --prompt --model ./base --set rollout.maxTokens=512',
    '<%= config.bin %> inspect runs/tiny/rpt --step 42 --result wrong',
    '<%= config.bin %> inspect runs/tiny/rpt --ledger never-right',
    '<%= config.bin %> inspect runs/tiny/rpt --difficulty hard --result wrong',
    '<%= config.bin %> inspect runs/tiny/eval --run rpt --result wrong',
    '<%= config.bin %> inspect runs/tiny/rpt --step 42 --doc corpus.jsonl:1512 --position 6',
  ]
  static override args = {path: Args.string({description: 'prepared data or run directory', required: true})}
  static override flags = {
    ...configFlags('inspect', ['model']),
    prompt: Flags.boolean({description: 'also show the prompts of positions, as --model would see them in rollouts'}),
    sort: Flags.string({
      description: 'show the positions with the highest value of this first',
      options: [...sortKeys],
    }),
    ledger: Flags.string({
      description:
        'list the training items that a run drew, the most often drawn first: `drawn` lists all, the others those with this result',
      options: [...ledgerWays],
    }),
    rows: Flags.integer({description: 'rows to show [default: 10]', min: 1, helpValue: 'N'}),
    step: Flags.integer({
      description: 'rollouts or predictions of this step; the last when absent',
      min: 0,
      helpValue: 'N',
    }),
    run: Flags.string({
      description: 'only predictions of this run, where an evaluation has several',
      helpValue: 'NAME',
    }),
    doc: Flags.string({description: 'only this document', helpValue: 'ID'}),
    position: Flags.integer({description: 'only this position', min: 0, helpValue: 'N'}),
    difficulty: Flags.string({
      description: 'only positions of this difficulty',
      options: [...difficulties],
    }),
    outcome: Flags.string({
      description: 'only completions with this outcome',
      options: [...outcomes],
    }),
    result: Flags.string({description: 'only completions whose prediction is right, or wrong', options: [...results]}),
    text: Flags.string({
      description: 'only completions with this text in their text or explanation',
      helpValue: 'TEXT',
    }),
  }

  /** Prints what was found. */
  run(): Promise<object> {
    const look = async ({config, services, flags, argv}: Request) => {
      const {prompt: isPrompted, rows = 10, ...others} = flags as InspectFlags
      const options = {rows, ...others}
      const {inspect} = await import('../core/report/inspect.js')
      const path = absolutePath(argv[0], process.cwd(), 'inspect')
      const openPrompts = async () => {
        const {requireKeys} = await import('../core/config/load.js')
        const {openPromptViews} = await import('../core/report/prompt-views.js')
        requireKeys(config, ['model.path'])
        return openPromptViews(path, config, services)
      }
      return inspect(path, options, isPrompted ? openPrompts : undefined)
    }
    const render = async (found: Inspection) => {
      const {renderInspect} = await import('../core/report/render-inspect.js')
      return renderInspect(found).join('\n')
    }
    // Looking changes nothing.
    return this.perform(look, {render, check: look})
  }
}

type InspectFlags = InspectOptions & {readonly prompt?: boolean}
