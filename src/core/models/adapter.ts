import type {AdapterTarget} from '../config/names.js'

/** What the weights that adapters belong to are called, as PEFT notes it down. */
export interface BaseName {
  /** Id on the Hub, or path of a folder. */
  readonly name: string
  /** Commit on the Hub; null where there is none. */
  readonly revision: string | null
}

/** Low-rank adapters of a model's linear layers: y = x W^T + scale (x A^T) B^T (LoRA, arXiv:2106.09685, Eq. 3). */
export interface Adapter {
  readonly rank: number
  readonly alpha: number
  /** Whether the scale falls with the root of the rank only. */
  readonly rsLora: boolean
  readonly targets: readonly AdapterTarget[]
  readonly base: BaseName
}

/**
 * What the output of adapters is multiplied by: alpha / rank, or alpha / sqrt(rank) where they are rank-stabilised (rsLoRA,
 * arXiv:2312.03732, Eq. 8).
 */
export function adapterScale({rank, alpha, rsLora}: Pick<Adapter, 'rank' | 'alpha' | 'rsLora'>): number {
  return alpha / (rsLora ? Math.sqrt(rank) : rank)
}
