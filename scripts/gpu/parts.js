import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath, pathToFileURL} from 'node:url'
import {measureParity} from './parity.js'
import {measurePeers} from './peers.js'
import {measureShape} from './shape.js'
import {measureTiny} from './tiny.js'

/** The project's folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** A built module of the project. */
export function dist(file) {
  return import(pathToFileURL(join(root, 'dist', file)).href)
}

/** What is measured, in order. A part notes what it finds as soon as it has it. */
export const parts = [
  {name: 'parity of every graph with the CPU', run: measureParity},
  {name: 'the tiny experiment', run: measureTiny},
  ...['135M', '0.5B', '1.5B'].map((size) => ({
    name: `rollouts and updates, ${size}`,
    run: (asked) => measureShape(size, asked),
  })),
  {name: 'transformers and PyTorch, bfloat16', run: measurePeers},
]

/** Where a part leaves what it found. */
export function resultFile(folder, part) {
  return join(folder, `part-${part}.json`)
}

/** Writes what a part found; JSON has no word for a number that is not finite, so a text says it. */
export function writeResult(file, result) {
  const told = (_, value) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value)
  writeFileSync(file, `${JSON.stringify(result, told, 2)}\n`)
}
