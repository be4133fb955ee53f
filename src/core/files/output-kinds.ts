import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {z} from 'zod'
import {DataError} from '../util/errors.js'
import type {Layout} from './layout.js'
import {readJsonOf} from './own-json.js'

/** A kind of folder that a command writes: what tells it from the folders of others. */
export interface OutputKind {
  readonly what: string
  /** The JSON file whose field `rpt` names the kind: the mark that only `rpt` writes. */
  readonly markFile: string
  readonly mark: string
  readonly layout: Layout
}

const step = /^step-\d+$/
const stepTable: Layout = {files: /^(?:.+-)?step-\d+\.arrow$/s}
const tokenizer =
  'tokenizer\\.json|tokenizer_config\\.json|tokenizer\\.model|special_tokens_map\\.json|added_tokens\\.json|vocab\\.json|merges\\.txt|chat_template\\.jinja|chat_template\\.json'

const merged: Layout = {
  files: new RegExp(
    `^(?:model.*\\.safetensors|model\\.safetensors\\.index\\.json|config\\.json|generation_config\\.json|${tokenizer})$`,
  ),
}

const checkpoint: Layout = {
  folders: [[/^merged$/, () => merged]],
  files: new RegExp(
    `^(?:model.*\\.safetensors|model\\.safetensors\\.index\\.json|(?:optimizer|average|adapter_model)\\.safetensors|(?:adapter_)?config\\.json|generation_config\\.json|trainer-state\\.json|manifest\\.json|${tokenizer})$`,
  ),
}

const run: Layout = {
  files:
    /^(?:run\.(?:json|lock)|config\.resolved\.yaml|origins\.json|summary\.json|(?:metrics|eval|sweep|ledger)\.arrow|metrics\.jsonl|report\.html|scaling-\w+\.svg)$/,
  folders: [
    [/^tensorboard$/, () => ({files: /^events\.out\.tfevents\.0\.rpt$/})],
    [/^logs$/, () => ({files: /^attempt-\d+\.jsonl$/})],
    [/^(?:rollouts|eval)$/, () => stepTable],
    [/^failed$/, () => ({files: /^step-\d+\.(?:arrow|jsonl)$/})],
    [/^checkpoints$/, () => ({files: /^(?!)/, folders: [[step, () => checkpoint]]})],
    // Of a sweep: one folder a point.
    [/^predictions$/, () => ({files: /^(?!)/, folders: [[/./, () => stepTable]]})],
    [/^runs$/, () => ({files: /^(?!)/, folders: [[/./, () => run]]})],
  ],
}

/** The folders that commands write. */
export const outputKinds = {
  run: {what: 'run directory', markFile: 'run.json', mark: 'run', layout: run},
  preparedData: {
    what: 'prepared data',
    markFile: 'manifest.json',
    mark: 'prepared-data',
    layout: {
      files: new RegExp(`^(?:(?:documents|positions)\\.arrow|(?:manifest|summary)\\.json|run\\.lock|${tokenizer})$`),
    },
  },
} as const satisfies Readonly<Record<string, OutputKind>>

const markSchema = z.looseObject({rpt: z.string()})

/** Whether a folder bears the mark of its kind; a mark file that cannot be read is none. */
export function isMarked(folder: string, {markFile, mark}: OutputKind): boolean {
  const file = join(folder, markFile)
  if (!existsSync(file)) return false
  try {
    return readJsonOf(file, markSchema, 'the mark of a folder').rpt === mark
  } catch (error) {
    if (error instanceof DataError) return false
    throw error
  }
}
