/** What one process measures and what it says: the contract between the harness and both sides. */

/** A kind of work, named as in the results. A lean step computes activations again in place of keeping them. */
export type Work = 'rollout' | 'update' | 'step' | 'lean-step' | 'score' | 'ntp'

/** Which program does the work. */
export type Side = 'ours' | 'peer'

/**
 * The amount of work of one run. Scoring has `contexts` documents of `context` tokens; next-token training has as many
 * rows with `context` targets each; both have groupSize 1 and completion 0.
 */
export interface WorkSize {
  readonly contexts: number
  readonly groupSize: number
  /** Tokens of a prompt, document or row. */
  readonly context: number
  /** Tokens that every completion has, no more and no fewer. */
  readonly completion: number
}

/** One process: loads, warms up, repeats, prints one Measurement as a line of JSON. */
export interface Job {
  readonly work: Work
  readonly size: WorkSize
  /** Checkpoint folder that both sides load. */
  readonly checkpoint: string
  readonly vocabulary: number
  /** File of seeded token ids, int32 little-endian; see TokenTape. */
  readonly tokens: string
  /** Ours: contexts, documents or rows in one run of the graph. Peer: full sequences in one forward and backward. */
  readonly microBatch: number
  /** What runs before the clock: the same work, or a small piece where a whole run takes minutes. */
  readonly warmUp: 'full' | 'small'
  readonly repeats: number
  readonly threads: number
}

/** What a process found. */
export interface Measurement {
  /** Of each timed repeat. */
  readonly seconds: readonly number[]
  /** Peak resident memory of the process, bytes. */
  readonly peakRss: number
  /** A number of the first timed repeat that both sides must find: a loss, an entropy, a gradient norm, a count. */
  readonly check: number
  /** Threads used, where a side decides for itself. */
  readonly threads: number
  /** What the side chose among its ways, e.g. the attention kernel. */
  readonly setting: string
}

/** Why a process gave no Measurement. */
export interface Failure {
  readonly failure: string
}

/** Tokens or positions that one run of the work is counted in. */
export function unitsOf(work: Work, {contexts, groupSize, context, completion}: WorkSize): number {
  if (work === 'score') return contexts * (context - 1)
  return work === 'ntp' ? contexts * context : contexts * groupSize * completion
}

/** What `unitsOf` counts. */
export const units: Readonly<Record<Work, string>> = {
  rollout: 'new tokens/s',
  update: 'completion tokens/s',
  step: 'completion tokens/s',
  'lean-step': 'completion tokens/s',
  score: 'positions/s',
  ntp: 'tokens/s',
}
