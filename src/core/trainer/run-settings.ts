import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {Config} from '../config/schema.js'
import type {Services} from '../util/services.js'
import {recordedConfig} from './recorded-config.js'

/**
 * The configuration to evaluate a checkpoint with: prompt and length limit as its run was trained, unless they are given.
 *
 * A model that learned to think in one template knows nothing of another; what is taken over is said.
 *
 * @param folder checkpoint folder; one that no rpt run wrote changes nothing
 */
export function withRunSettings(config: Config, folder: string, {sources, progress}: Services): Config {
  const file = join(folder, '..', '..', 'config.resolved.yaml')
  if (!existsSync(join(folder, 'trainer-state.json')) || !existsSync(file)) return config
  const trained = recordedConfig(join(folder, '..', '..'))
  if (trained.train.objective !== 'rpt') return config
  const isGiven = (key: string) => sources.get(key) !== 'default'
  const take = <T>(key: string, given: T, own: T): T => {
    if (isGiven(key) || given === own) return given
    progress.log(`eval: ${key} is ${own}, as ${join(folder, '..', '..')} was trained`)
    return own
  }
  return {
    ...config,
    prompt: {
      template: take('prompt.template', config.prompt.template, trained.prompt.template),
      // A template given now beats the file of then.
      templateFile: isGiven('prompt.template')
        ? config.prompt.templateFile
        : take('prompt.templateFile', config.prompt.templateFile, trained.prompt.templateFile),
      chatTemplate: take('prompt.chatTemplate', config.prompt.chatTemplate, trained.prompt.chatTemplate),
      chatTemplateFile: take(
        'prompt.chatTemplateFile',
        config.prompt.chatTemplateFile,
        trained.prompt.chatTemplateFile,
      ),
      maxTokens: take('prompt.maxTokens', config.prompt.maxTokens, trained.prompt.maxTokens),
    },
    rollout: {
      ...config.rollout,
      maxTokens: take('rollout.maxTokens', config.rollout.maxTokens, trained.rollout.maxTokens),
    },
  }
}
