import {BaseCommand, configFlags, directoryFlags} from '../base-command.js'
import type {Config} from '../core/config/schema.js'

/** `rpt train`: prepared data and a checkpoint -> a run directory. */
export default class Train extends BaseCommand {
  static override summary = 'train a model by next-token reasoning with GRPO, or by one of the baselines'
  static override description =
    'Objective rpt samples G completions per context, rewards those whose prediction is a byte-exact prefix of the true continuation, and updates the model with GRPO. Objective rlvr does the same on questions with answers. Objective ntp is plain next-token training. Objective sft trains on given completions.'
  static override examples = [
    '<%= config.bin %> train --config experiments/tiny/rpt.yaml',
    '<%= config.bin %> train --data runs/data --model ./base --out runs/rpt --steps 200 --set grpo.groupSize=8',
    '<%= config.bin %> train --config experiments/tiny/rpt.yaml --resume',
    '<%= config.bin %> train --data runs/data --model-config config.json --objective ntp --out runs/ntp --dry-run',
  ]
  static override flags = {
    ...configFlags('train', ['data', 'model', 'model-config', 'objective', 'steps', 'allow-noop', 'track']),
    ...directoryFlags,
  }
  static override needs = async (config: Config) => {
    const {trainingNeeds} = await import('../core/training/needs.js')
    return [...trainingNeeds(config), 'out']
  }

  /** Trains and prints the last metrics. */
  run(): Promise<object> {
    return this.perform(async ({config, services}) => {
      const {train} = await import('../core/training/train.js')
      return train(config, services)
    })
  }
}
