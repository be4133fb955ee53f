import {BaseCommand, configFlags, directoryFlags, type Request} from '../base-command.js'
import type {Config} from '../core/config/schema.js'
import type {EvalSummary} from '../core/evaluation/evaluate.js'

/** `rpt eval`: a checkpoint and prepared data -> accuracy per split with intervals. */
export default class Eval extends BaseCommand {
  static override summary = 'measure next-token accuracy on easy, medium and hard held-out positions'
  static override description =
    'Mode standard takes the most probable next token. Mode reasoning lets the model think first. Modes forced-thought and empty-thought are controls. Every accuracy has a 95% bootstrap interval over documents. eval.arrow holds the accuracies, and eval/ every prediction.'
  static override examples = [
    '<%= config.bin %> eval --config experiments/tiny/rpt.yaml --model runs/tiny/rpt --out runs/tiny/eval',
    '<%= config.bin %> eval --data runs/data --model runs/rpt --out runs/eval --limit 500',
    '<%= config.bin %> eval --data runs/data --model runs/rpt --checkpoint 100 --mode reasoning --samples 8 --out runs/eval',
  ]
  static override flags = {
    ...configFlags('eval', ['data', 'model', 'checkpoint', 'mode', 'samples', 'limit']),
    ...directoryFlags,
  }
  static override needs = async (config: Config) => {
    const {evaluationNeeds} = await import('../core/evaluation/evaluated-task.js')
    return [...evaluationNeeds(config), ['model.path', 'eval.models'], 'out']
  }

  /** Evaluates and prints one row per mode and split. */
  run(): Promise<object> {
    const run = async ({config, services}: Request) => {
      const {evaluate} = await import('../core/evaluation/evaluate.js')
      return evaluate(config, services)
    }
    return this.perform(run, {render: (summary) => this.render(summary)})
  }

  /** The summary with the accuracies at its end. */
  async render({models, rows, ...summary}: EvalSummary): Promise<string> {
    const {fitRows, withoutColumns} = await import('../terminal/fit-rows.js')
    const told = withoutColumns(rows, ['prompt_settings', ...silent(rows)])
    const settings = fitRows({name: 'models', rows: models, spare: spareOf(models), file: 'summary.json'}, this.colors)
    const table = fitRows({name: 'rows', rows: told, spare, file: 'eval.arrow'}, this.colors)
    return (await this.summaryText({...summary, models: settings.rows, rows: table.rows})) + settings.note + table.note
  }
}

/** Columns that a reader misses nothing of where the first is null or 0 in all rows. */
const quiet = [['pass_at', 'pass_at_low', 'pass_at_high'], ['inexpressible', 'accuracy_if_wrong'], ['cut_tokens']]

/** Columns that a narrow terminal leaves out, the first first; the mode, the split and the accuracy with its interval stay. */
const spare = [
  'seed',
  'checkpoint',
  'objective',
  'prompt_tokens',
  'written_tokens',
  'answer_tokens',
  'pass_at_low',
  'pass_at_high',
  'cut_tokens',
  'accuracy_if_wrong',
  'inexpressible',
  'pass_at_k',
  'correct',
  'step',
  'flops',
  'pass_at',
  'count',
]

/** The settings of models that a narrow terminal leaves out, the last first; the template stays. */
function spareOf(models: readonly object[]): string[] {
  const settings = new Set(models.flatMap((model) => Object.keys(model)))
  return [...settings].filter((name) => !['run', 'checkpoint', 'prompt.template'].includes(name)).reverse()
}

/** The columns that say nothing; what rows were predicted with stands under `models`, what that took under `compute`. */
function silent(rows: readonly object[]): string[] {
  return quiet.filter(([name]) => rows.every((row) => !row[name as keyof typeof row])).flat()
}
