import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'

/** A size of the tiny model. */
export interface Size {
  /** Of its runs: `base-64`, `rpt-64`. */
  readonly name: string
  readonly width: number
}

/** Twice the width, about four times the weights. */
export const sizes: readonly Size[] = [64, 128, 256].map((width) => ({name: String(width), width}))

/** Learning rates of the bases and of RPT: of those that rates.ts tries, the best at the smallest and at the largest width. */
export const rates = {base: '7.5e-4', rpt: '2e-4'}

/** Writes the `config.json` of a size below a folder: that of the tiny model with other widths; heads of 32. */
export function writeConfig(folder: string, {width}: Size): string {
  const tiny = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'tiny', 'model', 'config.json'), 'utf8'))
  const heads = width / 32
  const config = {
    ...tiny,
    hidden_size: width,
    intermediate_size: 2.5 * width,
    num_attention_heads: heads,
    num_key_value_heads: heads,
  }
  const file = join(folder, 'config.json')
  mkdirSync(dirname(file), {recursive: true})
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`)
  return file
}
