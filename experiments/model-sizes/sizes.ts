/** A size of the tiny model. */
export interface Size {
  /** Of its runs: `base-64`, `rpt-64`. */
  readonly name: string
  readonly width: number
}

/** Twice the width, about four times the weights. */
export const sizes: readonly Size[] = [64, 128, 256].map((width) => ({name: String(width), width}))

/** The `config.json` of a size: that of the tiny model with other widths; heads of 32. */
export function configOf(tiny: Readonly<Record<string, unknown>>, {width}: Size): Record<string, unknown> {
  const heads = width / 32
  return {
    ...tiny,
    hidden_size: width,
    intermediate_size: 2.5 * width,
    num_attention_heads: heads,
    num_key_value_heads: heads,
  }
}
