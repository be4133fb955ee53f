import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, type Request} from '../base-command.js'
import type {PushPreview, PushRequest, PushSummary} from '../core/push/push.js'
import {absolutePath} from '../core/util/home.js'

/** `rpt push`: a checkpoint of a run -> a repository of the Hub, with a model card. */
export default class Push extends BaseCommand {
  static override summary = 'send a checkpoint with a model card to the Hugging Face Hub'
  static override description =
    "Sends the files from which a model is loaded, without the optimizer's state, in one commit. An interrupted push does not change the files in the repository. The token comes from HF_TOKEN or hf auth login. The repository is created if it does not exist."
  static override examples = [
    '<%= config.bin %> push runs/rpt hf:me/my-model --evaluation runs/eval',
    '<%= config.bin %> push runs/rpt hf:me/my-model --checkpoint 100 --private',
    '<%= config.bin %> push runs/rpt hf:me/my-model --dry-run',
  ]
  static override args = {
    run: Args.string({description: 'run directory that rpt train wrote', required: true}),
    repository: Args.string({description: 'repository on the Hub, as hf:owner/name', required: true}),
  }
  static override flags = {
    checkpoint: Flags.integer({description: 'step of the checkpoint; the last when absent', min: 0, helpValue: 'N'}),
    merged: Flags.boolean({description: 'for a run of adapters, send the whole checkpoint that lora.merge wrote'}),
    private: Flags.boolean({description: 'make the repository private; an error if it exists and is public'}),
    evaluation: Flags.string({
      description: "folder that rpt eval wrote, for the card's table; the run's own evaluations when absent",
      helpValue: 'PATH',
    }),
    'base-model': Flags.string({
      description: 'base model on the Hub, if the run does not know it',
      helpValue: 'ID',
    }),
    message: Flags.string({description: 'commit message, one line', helpValue: 'TEXT'}),
    'dry-run': Flags.boolean({
      description: 'show the files and the card that would be sent; make no request, send nothing',
    }),
  }

  /** Sends the files and prints where they are. */
  run(): Promise<object> {
    const send = async (request: Request): Promise<PushSummary | PushPreview> => {
      const {push} = await import('../core/push/push.js')
      return push(requestOf(request), request.services)
    }
    const preview = async (request: Request): Promise<PushSummary | PushPreview> => {
      const {previewPush} = await import('../core/push/push.js')
      return previewPush(requestOf(request), request.services)
    }
    const render = async (result: PushSummary | PushPreview) => {
      const {renderPush} = await import('../core/push/render-push.js')
      return renderPush(result)
    }
    return this.perform(send, {render, preview})
  }
}

function requestOf({argv: [run, repository], flags}: Request): PushRequest {
  const given = flags as PushFlags
  const path = (value: string, what: string) => absolutePath(value, process.cwd(), what)
  return {
    run: path(run, 'push'),
    repository,
    checkpoint: given.checkpoint,
    isMerged: given.merged,
    isPrivate: given.private,
    evaluation: given.evaluation === undefined ? undefined : path(given.evaluation, '--evaluation'),
    baseModel: given['base-model'],
    message: given.message,
  }
}

interface PushFlags {
  readonly checkpoint?: number
  readonly merged?: boolean
  readonly private?: boolean
  readonly evaluation?: string
  readonly 'base-model'?: string
  readonly message?: string
}
