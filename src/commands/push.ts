import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, type Request} from '../base-command.js'
import type {PushPreview, PushRequest, PushSummary} from '../core/push/push.js'
import {absolutePath} from '../core/util/home.js'

/** `rpt push`: a checkpoint of a run -> a repository of the Hub, with a model card. */
export default class Push extends BaseCommand {
  static override summary = 'send a checkpoint with a model card to the Hugging Face Hub'
  static override description =
    'Sends what a model is loaded from, not the optimizer, in one commit: a push that is broken off leaves the files there as they were. The token is that of HF_TOKEN or of hf auth login. A repository that is not there is made.'
  static override examples = [
    '<%= config.bin %> push runs/rpt hf:me/my-model --evaluation runs/eval',
    '<%= config.bin %> push runs/rpt hf:me/my-model --checkpoint 100 --private',
    '<%= config.bin %> push runs/rpt hf:me/my-model --dry-run',
  ]
  static override args = {
    run: Args.string({description: 'run directory that rpt train wrote', required: true}),
    repository: Args.string({description: 'where to, as hf:owner/name', required: true}),
  }
  static override flags = {
    checkpoint: Flags.integer({description: 'step of the checkpoint; the last when absent', min: 0, helpValue: 'N'}),
    merged: Flags.boolean({description: 'of a run of adapters, the whole checkpoint that lora.merge wrote'}),
    private: Flags.boolean({description: 'make the repository private; refused where it is there and public'}),
    evaluation: Flags.string({
      description: "folder that rpt eval wrote, for the card's table; else the run's own evaluations",
      helpValue: 'PATH',
    }),
    'base-model': Flags.string({
      description: 'the model on the Hub that it goes back to, where the run does not know it',
      helpValue: 'ID',
    }),
    message: Flags.string({description: 'of the commit, one line', helpValue: 'TEXT'}),
    'dry-run': Flags.boolean({description: 'show the files and the card that would be sent; ask nobody, send nothing'}),
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
