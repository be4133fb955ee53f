import type {SourcedConfig} from '../../config/load.js'
import type {Config} from '../../config/schema.js'
import {givenTemplate, isAutomatic} from '../../prompts/prompts.js'
import type {RowTemplate} from '../../prompts/row-template.js'
import {builtIn} from '../../prompts/templates.js'
import {withValue} from '../../runs/with-value.js'
import {nextToken} from '../../tasks/next-token.js'
import type {Progress} from '../../util/progress.js'
import {isTemplateGiven} from '../taught-template.js'

/**
 * The settings to record an sft run with: `sft.template` and `sft.chatTemplate` as given, else as its rows show, else as
 * `prompt.template` or `prompt.templateFile` says where one is given. What was found is said.
 *
 * @param found templates that fit all rows, the best first: one that is given before others
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
    const {prompt} = config
    const isOther = !isAutomatic(prompt) && best.template !== givenTemplate(prompt)
    const users = isOther
      ? `evaluations of the run use it, those while it trains ${templateKey(prompt)}`
      : 'evaluations use it'
    const say = isOther ? warn : log
    say(`the prompts of ${completions} are in template ${describe(best)}; ${users}`)
    return record({config, sources}, best, `rows of ${completions}`)
  }
  if (isTemplateGiven(sources, nextToken)) {
    const given = {template: givenTemplate(config.prompt), chatTemplate: config.prompt.chatTemplate}
    return record({config, sources}, given, templateKey(config.prompt))
  }
  warn(
    `the prompts of ${completions} fit no built-in template: name theirs as sft.template; otherwise give prompt.template to every evaluation with thoughts`,
  )
  return {config, sources}
}

/** The setting that gives the template of prompts. */
function templateKey({templateFile}: Config['prompt']): string {
  return templateFile ? 'prompt.templateFile' : 'prompt.template'
}

function describe({template, chatTemplate}: RowTemplate): string {
  const name = builtIn(template) ? template : JSON.stringify(template)
  return chatTemplate === 'none' ? name : `${name}, within the chat template`
}

function record({config, sources}: SourcedConfig, found: RowTemplate, source: string): SourcedConfig {
  const entries = Object.entries(found).filter(([name]) => config.sft[name as keyof RowTemplate] === undefined)
  return {
    config: entries.reduce((settings, [name, value]) => withValue(settings, `sft.${name}`, value), config),
    sources: new Map([...sources, ...entries.map(([name]): [string, string] => [`sft.${name}`, source])]),
  }
}
