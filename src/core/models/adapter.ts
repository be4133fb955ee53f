import type {AdapterTarget} from '../config/names.js'

/** What the weights that adapters belong to are called, as PEFT notes it down. */
export interface BaseName {
  /** Id on the Hub, or path of a folder. */
  readonly name: string
  /** Commit on the Hub; null where there is none. */
  readonly revision: string | null
}

/** Low-rank adapters of a model's linear layers: y = x W^T + alpha / rank (x A^T) B^T (LoRA, arXiv:2106.09685, Eq. 3). */
export interface Adapter {
  readonly rank: number
  readonly alpha: number
  readonly targets: readonly AdapterTarget[]
  readonly base: BaseName
}
