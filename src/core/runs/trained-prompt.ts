import type {SourcedConfig} from '../config/load.js'
import type {Config} from '../config/schema.js'
import type {RowTemplate} from '../prompts/row-template.js'
import {withValue} from './with-value.js'
import {UsageError} from '../util/errors.js'
import type {Progress} from '../util/progress.js'

/**
 * The settings of a run with the prompts that it was trained on; `none` where it was trained on none, `unknown` where
 * its rows do not tell.
 */
export function trainedPrompt(run: Config): Config | 'none' | 'unknown' {
  const {train, sft, prompt} = run
  if (train.objective === 'rpt') return run
  if (train.objective === 'ntp') return 'none'
  if (sft.template === undefined) return 'unknown'
  const chatTemplate = sft.chatTemplate ?? prompt.chatTemplate
  const chatTemplateFile = chatTemplate === 'none' ? undefined : prompt.chatTemplateFile
  return {
    ...run,
    prompt: {...prompt, template: sft.template, templateFile: undefined, chatTemplate, chatTemplateFile},
  }
}

/**
 * The settings that a run is evaluated with while it trains: an sft run with the template of its rows, unless another is
 * given.
 *
 * @throws {UsageError} when thoughts are asked of a run that does not know it
 */
export function evaluationSettings({config, sources}: SourcedConfig): Config {
  const isGiven = (sources.get('prompt.template') ?? 'default') !== 'default'
  if (config.train.objective !== 'sft' || isGiven) return config
  const trained = trainedPrompt(config)
  if (typeof trained !== 'string') return trained
  const mode = config.eval.modes.find((one) => one !== 'standard')
  if (mode === undefined) return config
  throw new UsageError(`train: eval.every asks for mode ${mode}, but the template of the rows is not known`, {
    suggestions: ['name it as sft.template', 'evaluate with --set eval.modes=standard alone'],
  })
}

/**
 * The settings to record an sft run with: `sft.template` and `sft.chatTemplate` as given, else as its rows show, else as
 * `prompt.template` says where that is given. What was found is said.
 *
 * @param found templates that fit all rows, the best first
 */
export function withRowTemplate(
  {config, sources}: SourcedConfig,
  found: readonly RowTemplate[],
  {log, warn}: Pick<Progress, 'log' | 'warn'>,
): SourcedConfig {
  const {template, completions} = config.sft
  if (template !== undefined) {
    const own = found.find((one) => one.template === template)
    if (!own) warn(`sft.template is ${JSON.stringify(template)}, but not all prompts of ${completions} have its text`)
    return own ? record({config, sources}, own, 'default') : {config, sources}
  }
  const [best] = found
  if (best) {
    const chat = best.chatTemplate === 'none' ? '' : ', within the chat template'
    log(`the prompts of ${completions} are in template ${best.template}${chat}; evaluations take it over`)
    return record({config, sources}, best, `rows of ${completions}`)
  }
  if ((sources.get('prompt.template') ?? 'default') !== 'default') {
    const {template: given, chatTemplate} = config.prompt
    return record({config, sources}, {template: given, chatTemplate}, 'prompt.template')
  }
  warn(
    `the prompts of ${completions} are in no template of rpt: name theirs as sft.template; else evaluations that ask for thoughts must be given prompt.template`,
  )
  return {config, sources}
}

function record({config, sources}: SourcedConfig, found: RowTemplate, source: string): SourcedConfig {
  const entries = Object.entries(found).filter(([name]) => config.sft[name as keyof RowTemplate] === undefined)
  return {
    config: entries.reduce((settings, [name, value]) => withValue(settings, `sft.${name}`, value), config),
    sources: new Map([...sources, ...entries.map(([name]): [string, string] => [`sft.${name}`, source])]),
  }
}
