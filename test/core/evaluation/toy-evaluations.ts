import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {type LoadedConfig, loadConfig} from '../../../src/core/config/load.js'
import {type EvalSummary, evaluate} from '../../../src/core/evaluation/evaluate.js'
import {type PredictionRow, predictionsTable, readTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {type ToyWorkspace, toyServices, toySettings, toyWorkspace} from '../../support/toy-run.js'

/** What an evaluation gave, said and wrote; the predictions are those of its first model. */
export interface Evaluated {
  readonly summary: EvalSummary
  readonly lines: string
  readonly predictions: readonly PredictionRow[]
  readonly resolved: string
  /** Absolute path of what was written. */
  readonly out: string
}

/** Settings in which the model of the toy workspace answers within six tokens. */
export const bare = ['prompt.template=bare', 'rollout.maxTokens=6']

export const inMode = (mode: string) => (row: {mode: string}) => row.mode === mode

/** A toy workspace to evaluate and train in. */
export class ToyEvaluations {
  private count = 0

  private constructor(private readonly toy: ToyWorkspace) {}

  static async make(): Promise<ToyEvaluations> {
    return new ToyEvaluations(await toyWorkspace())
  }

  get folder(): string {
    return this.toy.folder
  }

  /** Folder of the base model. */
  get base(): string {
    return this.toy.base
  }

  /** Folder of the prepared data. */
  get data(): string {
    return this.toy.data
  }

  load(command: string, sets: readonly string[], out: string): LoadedConfig {
    const {data, folder} = this
    const given = [`data.dir=${data}`, 'threads=1', `out=${join(folder, out)}`, 'eval.bootstraps=50', ...sets]
    return loadConfig({command, sets: given, cwd: folder})
  }

  /** Evaluates into a folder of its own. */
  async run(sets: readonly string[]): Promise<Evaluated> {
    const lines: string[] = []
    const {config, sources} = this.load('eval', sets, `eval-${this.count++}`)
    const summary = await evaluate(config, {...toyServices({command: 'eval'}, lines), sources})
    const {run: name, step} = summary.rows[0]
    const file = join(config.out!, 'eval', `${name}-step-${String(step).padStart(6, '0')}.arrow`)
    return {
      summary,
      lines: lines.join('\n'),
      predictions: existsSync(file) ? readTable(file, predictionsTable) : [],
      resolved: readFileSync(join(config.out!, 'config.resolved.yaml'), 'utf8'),
      out: config.out!,
    }
  }

  /** Trains the base model for a step, and gives what was said. */
  async trained(out: string, sets: readonly string[]): Promise<string> {
    const lines: string[] = []
    const given = [`model.path=${this.base}`, ...toySettings, 'train.steps=1', ...sets]
    const {config, sources} = this.load('train', given, out)
    await train(config, {...toyServices({}, lines), sources})
    return lines.join('\n')
  }
}
