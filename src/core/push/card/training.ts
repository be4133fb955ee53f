import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {valueAt} from '../../config/load.js'
import type {Config} from '../../config/schema.js'
import {objectives, taughtBy} from '../../objectives/objectives.js'
import {short} from '../../report/format.js'
import {computeSpent} from '../../runs/compute-spent.js'
import {settingsOf, steering} from '../../runs/run-identity.js'
import {metricsTable, readTable} from '../../tables/index.js'
import type {BaseModel} from '../base-model.js'
import type {TrainedRun} from '../trained-run.js'
import {codeBlock, markdownRows, plainText} from './markdown.js'
import {type PreparedFacts, preparationNotes} from './prepared-data.js'
import {settingsYaml} from './settings.js'

/** What an objective does, in a sentence, by what it teaches. */
const lessons = {
  tokens: 'It was trained to predict the next token of plain text.',
  rows: 'It was fine-tuned on rows of prompt and completion.',
  thoughts: 'Reinforcement learning trained it to think before it answers: a right answer earns a reward.',
} as const

/** The sentences that a card begins with. */
export function introduction(run: TrainedRun, base: BaseModel | null): string {
  const {config, state, identity, isAdapter} = run
  const taught = taughtBy(state.objective)
  const what = `${isAdapter ? 'Adapters (LoRA)' : 'A checkpoint'} of step ${state.step} of ${config.train.steps}, objective \`${state.objective}\`, trained with rpt ${plainText(identity.version)}`
  return `${what}${base ? `, from ${linkOf(base)}` : ''}. ${taught ? lessons[taught] : ''}`.trimEnd()
}

function linkOf({id, revision}: BaseModel): string {
  const commit = revision === null ? '' : ` at revision \`${revision}\``
  return `[${plainText(id)}](https://huggingface.co/${id})${commit}`
}

/** What training was told and what it took, and how to do it again. */
export function trainingSection(run: TrainedRun, base: BaseModel | null, prepared: PreparedFacts | null): string {
  const settings = `Settings other than the defaults of rpt ${plainText(run.identity.version)}:`
  return [
    '## Training',
    computeTable(run),
    settings,
    codeBlock('yaml', settingsYaml(trainingSettings(run), ['seed', 'train.objective', 'train.steps'])),
    'To repeat it, save these settings as `settings.yaml`:',
    codeBlock('sh', repeatCommand(run, base)),
    ...(prepared ? preparationNotes(prepared) : []),
    ...inputNotes(run),
  ].join('\n\n')
}

/** What the steps up to the checkpoint took; evaluations do not count. */
function computeTable({path, state}: TrainedRun): string {
  const file = join(path, 'metrics.arrow')
  const spent = computeSpent(existsSync(file) ? readTable(file, metricsTable) : [], state.step)
  if (spent === null)
    return markdownRows(
      ['compute', ''],
      [
        ['FLOPs', 'not known: `metrics.arrow` lacks steps'],
        ['tokens sampled or trained on', String(state.numTokens)],
      ],
    )
  const {flops_generation: generation, flops_scoring: scoring, flops_update: update} = spent
  const parts = `${short(generation)} for sampling, ${short(scoring)} for scoring, ${short(update)} for updates`
  return markdownRows(
    ['compute', ''],
    [
      ['FLOPs', `${short(spent.flops)} (${parts})`],
      ['tokens sampled or trained on', String(spent.tokens)],
      ['time of the steps', `${short(spent.step_seconds / 60)} minutes`],
    ],
  )
}

/** Sections that other commands read. */
const foreign = /^(?:eval|sweep|report|warmStart)\./

/** The settings that training depends on. */
function trainingSettings({config}: TrainedRun): Record<string, unknown> {
  const depends = Object.entries(settingsOf(config)).filter(([key]) => !foreign.test(key))
  const others = ['train.steps', ...steering].map((key) => [key, valueAt(config, key)])
  return Object.fromEntries([...depends, ...others])
}

/** `rpt train` with names in capitals for what lies on the machine that it was trained on. */
function repeatCommand(run: TrainedRun, base: BaseModel | null): string {
  const {config, origins, isAdapter} = run
  const isDirect = base !== null && (isAdapter || origins['model.path'] !== undefined)
  const model = isDirect ? `hf:${base.id}${base.revision === null ? '' : `@${base.revision}`}` : 'MODEL'
  return [
    'rpt train --config settings.yaml',
    ...(config.data.dir === undefined ? [] : ['--data DATA']),
    config.model.path === undefined ? '--model-config CONFIG' : `--model ${model}`,
    ...fileKeys(config).map(([key, value]) => `--set ${key}=${value.startsWith('hf:') ? value : 'FILE'}`),
    '--out RUN',
  ].join(' ')
}

/** Files that settings name, besides prepared data and the model, by their keys. */
function fileKeys(config: Config): [key: string, value: string][] {
  const {templateFile, chatTemplateFile} = config.prompt
  const named = {
    ...objectives[config.train.objective].files(config),
    'prompt.templateFile': templateFile,
    'prompt.chatTemplateFile': chatTemplateFile,
  }
  return Object.entries(named).filter((entry): entry is [string, string] => entry[1] !== undefined)
}

/** What a repetition must be given, by content. */
function inputNotes({identity: {inputs}}: TrainedRun): string[] {
  const known = Object.entries(inputs ?? {}).filter(([, hash]) => hash !== 'none')
  if (known.length === 0) return []
  const rows = known.map(([name, hash]) => [plainText(name), `\`${hash}\``])
  return ['What training read, by content:', markdownRows(['input', 'sha256'], rows)]
}
