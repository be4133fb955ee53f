import * as Flags from '@oclif/core/flags'
import {BaseCommand, configFlags, outFlag} from '../base-command.js'

/** `rpt warm-start`: training positions -> rows for objective sft. */
export default class WarmStart extends BaseCommand {
  static override summary = 'write rows for objective sft that teach a model to think, end the thought and box a token'
  static override description =
    'Each row has the prompt of one training position, as rollouts have it, and a completion: a short thought, then the token that really follows, in a box. Held-out documents are never used. Difficulties take turns, and a seeded draw picks the style of thought. The same seed gives the same file.'
  static override examples = [
    '<%= config.bin %> warm-start --data runs/data --model ./base --out runs/rows.jsonl --rows 512',
    '<%= config.bin %> warm-start --config my.yaml --rows 64 --out rows.jsonl --set warmStart.styles=brief,candidates',
    '<%= config.bin %> train --objective sft --model ./base --set sft.completions=runs/rows.jsonl --steps 40 --out runs/warm',
  ]
  static override flags = {
    ...configFlags('warm-start', ['data', 'model', 'rows']),
    ...outFlag('file'),
    overwrite: Flags.boolean({description: 'replace the rows of an earlier call in --out'}),
  }
  static override needs = ['data.dir', 'model.path', 'out']

  /** Writes the rows and prints how many of which kind there are. */
  run(): Promise<object> {
    return this.perform(async ({config, services}) => {
      const {warmStart} = await import('../core/warm-start/warm-start.js')
      return warmStart(config, services)
    })
  }
}
