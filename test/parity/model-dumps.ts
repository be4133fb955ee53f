import {copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {basename, dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {readTensors} from '../support/read-tensors.js'

/** Tiny checkpoints and what transformers computes with them, made by scripts/parity/make_model_dumps.py. */

const root = join(dirname(fileURLToPath(import.meta.url)), 'dumps')

/** The part of a dump that is no floating-point tensor: `reference.json`. */
interface Reference {
  readonly transformers: string
  readonly optimizer: Readonly<Record<'learningRate' | 'beta1' | 'beta2' | 'epsilon' | 'weightDecay', number>>
  readonly maxGradNorm: number
  /** Per AdamW step, rows of token ids. */
  readonly batches: readonly (readonly number[][])[]
  readonly far: {readonly ids: readonly number[]; readonly positions: readonly number[]}
  readonly prompts: readonly number[][]
  readonly maxTokens: number
  readonly completions: readonly number[][]
}

/** Every dump as [transformers-<version>, case, folder]. */
export const modelDumps = readdirSync(root)
  .filter((version) => version.startsWith('transformers-'))
  .sort()
  .flatMap((version) =>
    readdirSync(join(root, version))
      .sort()
      .map((name) => [version, name, join(root, version, name)] as const),
  )

/** What transformers computed: integers and settings, and tensors by name. */
export function readReference(folder: string) {
  const json: Reference = JSON.parse(readFileSync(join(folder, 'reference.json'), 'utf8'))
  const tensors = new Map(
    [...readTensors(join(folder, 'reference.safetensors'))].map(([name, {data}]) => [name, Array.from(data, Number)]),
  )
  return {...json, tensors}
}

/**
 * A copy of a dump's checkpoint under the names that transformers gave its files: a single file of weights is kept as
 * `weights.safetensors`, because the embedded experiment's base is to stay the only `model.safetensors` of the tree.
 */
export function restoreCheckpoint(folder: string): {checkpoint: string; remove: () => void} {
  const checkpoint = mkdtempSync(join(tmpdir(), `rpt-parity-${basename(folder)}-`))
  for (const name of readdirSync(folder).filter((file) => !file.startsWith('reference.')))
    copyFileSync(join(folder, name), join(checkpoint, name === 'weights.safetensors' ? 'model.safetensors' : name))
  return {checkpoint, remove: () => rmSync(checkpoint, {recursive: true})}
}

/** Largest difference of two arrays in units of the largest entry of the second. */
export function worstShare(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values, expected ${expected.length}`)
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0) / largest
}

/** Largest difference of two arrays, each entry in units of its own. */
export function worstRatio(actual: readonly number[], expected: readonly number[]): number {
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value / expected[i] - 1)), 0)
}
