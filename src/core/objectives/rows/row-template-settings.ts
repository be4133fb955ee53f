import type {SourcedConfig} from '../../config/load.js'
import type {RowTemplate} from '../../prompts/row-template.js'
import {withValue} from '../../runs/with-value.js'
import type {Progress} from '../../util/progress.js'

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
    if (!own)
      warn(`sft.template is ${JSON.stringify(template)}, but not all prompts of ${completions} contain its text`)
    return own ? record({config, sources}, own, 'default') : {config, sources}
  }
  const [best] = found
  if (best) {
    const chat = best.chatTemplate === 'none' ? '' : ', within the chat template'
    log(`the prompts of ${completions} are in template ${best.template}${chat}; evaluations use it`)
    return record({config, sources}, best, `rows of ${completions}`)
  }
  if ((sources.get('prompt.template') ?? 'default') !== 'default') {
    const {template: given, chatTemplate} = config.prompt
    return record({config, sources}, {template: given, chatTemplate}, 'prompt.template')
  }
  warn(
    `the prompts of ${completions} fit no built-in template: name theirs as sft.template; otherwise give prompt.template to every evaluation with thoughts`,
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
