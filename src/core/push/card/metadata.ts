import {parse, stringify} from 'yaml'
import {taughtBy} from '../../objectives/objectives.js'
import {DataError} from '../../util/errors.js'
import {isObject} from '../../util/is-object.js'
import type {BaseModel} from '../base-model.js'
import type {TrainedRun} from '../trained-run.js'

/** Fields that the Hub reads at the top of a model card. */
export type CardMetadata = Readonly<Record<string, unknown>>

/**
 * The fields that tell the Hub about a model.
 *
 * @param datasets ids on the Hub
 * @param kept of the card that is there: the license, which is the owner's to say
 */
export function metadataOf(
  {state, isAdapter}: TrainedRun,
  base: BaseModel | null,
  datasets: readonly string[],
  kept: CardMetadata = {},
): CardMetadata {
  const isReasoning = taughtBy(state.objective) === 'thoughts'
  return {
    ...kept,
    library_name: isAdapter ? 'peft' : 'transformers',
    pipeline_tag: 'text-generation',
    ...(base && {base_model: base.id, base_model_relation: isAdapter ? 'adapter' : 'finetune'}),
    ...(datasets.length > 0 && {datasets}),
    tags: ['rpt', ...(isReasoning ? ['reinforcement-pre-training'] : []), ...(isAdapter ? ['lora'] : [])],
  }
}

/** The fields between their marks, as YAML: the beginning of a card. */
export function frontMatter(metadata: CardMetadata): string {
  return `---\n${stringify(metadata, {lineWidth: 0})}---\n`
}

/** A card that is there: what it says of the license, and its text. */
export interface ReadCard {
  readonly license: CardMetadata
  readonly body: string
}

/**
 * Takes a card apart.
 *
 * @param where it is, for errors
 * @throws {DataError} when its fields are not YAML
 */
export function readCard(text: string, where: string): ReadCard {
  const [whole, fields] = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?\r?\n)?---[ \t]*(?:\r?\n|$)/.exec(text) ?? ['', '']
  const read = parseFields(fields ?? '', where)
  const license = Object.entries(isObject(read) ? read : {}).filter(([name]) => /^license/.test(name))
  return {license: Object.fromEntries(license), body: text.slice(whole.length).trim()}
}

function parseFields(text: string, where: string): unknown {
  try {
    return parse(text, {logLevel: 'error'})
  } catch (cause) {
    throw new DataError(`${where}: the fields at its top are not YAML`, {suggestions: ['correct them there'], cause})
  }
}
