import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {LocalEngine} from '../../src/core/engine/local-engine.js'
import type {SaveFormat} from '../../src/core/engine/state/checkpoint.js'

/**
 * Loads a checkpoint, scores sequences and saves the weights in several formats, for `check_checkpoints.py`.
 *
 * Usage: resave-checkpoint.ts JOB.json, with {from, sequences: ids[][], saves: {to, format}[], scores: file to write}.
 */
interface Job {
  readonly from: string
  readonly sequences: readonly number[][]
  readonly saves: readonly {readonly to: string; readonly format: SaveFormat}[]
  readonly scores: string
}

async function resave({from, sequences, saves, scores}: Job): Promise<void> {
  const engine = new LocalEngine({device: 'cpu', threads: 1})
  await engine.load({checkpoint: from})
  const ids = sequences.map((sequence) => Int32Array.from(sequence))
  const scored = await engine.score(ids, {topK: 4, batchTokens: 4096})
  const logprobs = scored.map(({targetLogprob}) => [...targetLogprob])
  writeFileSync(scores, JSON.stringify(logprobs))
  for (const {to, format} of saves) {
    mkdirSync(to, {recursive: true})
    await engine.save(to, false, format)
  }
  await engine.close()
}

await resave(JSON.parse(readFileSync(process.argv[2], 'utf8')))
