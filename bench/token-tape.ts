import {readFileSync} from 'node:fs'
import type {WorkSize} from './job.js'

/** The ids of one run of some work. */
export interface RunTokens {
  /** Per context, document or row. */
  readonly contexts: readonly Int32Array[]
  /** Per context, its completions. */
  readonly completions: readonly (readonly Int32Array[])[]
}

/**
 * Seeded ids that both sides read in the same order, so that they do the same work.
 *
 * Run r starts where run r - 1 ended; no run sees another's tokens, so that nothing kept from one helps the next.
 */
export class TokenTape {
  private readonly ids: Int32Array

  constructor(file: string) {
    const bytes = readFileSync(file)
    this.ids = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
  }

  /** The tokens of run `run`: contexts of `context + extra` ids first, then all completions. */
  run(run: number, {contexts, groupSize, context, completion}: WorkSize, extra = 0): RunTokens {
    const prompt = context + extra
    let at = run * contexts * (prompt + groupSize * completion)
    const take = (length: number) => {
      const taken = Int32Array.from({length}, (_, i) => this.ids[(at + i) % this.ids.length])
      at += length
      return taken
    }
    return {
      contexts: Array.from({length: contexts}, () => take(prompt)),
      completions: Array.from({length: contexts}, () => Array.from({length: groupSize}, () => take(completion))),
    }
  }
}
