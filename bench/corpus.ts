import {mkdtempSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {cpus, tmpdir} from 'node:os'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {isFailure, runChild} from './child.js'
import {slopeOf} from './exponents.js'
import {at} from './paths.js'

/**
 * Time and peak memory around the model as a corpus grows: prepared data are opened, their positions visited in shuffled
 * order, predictions made by a simulated engine, counted and written, then read for a fit and for a comparison. Writes
 * corpus.json. `tsx bench/corpus.ts [--sizes 10000,100000,1000000] [--out DIR]`.
 */

/** What a process of corpus-work.ts does. */
export interface CorpusRequest {
  readonly task: 'write' | 'use'
  /** Held-out positions. */
  readonly positions: number
  readonly folder: string
}

/** One stage; the peak is that of the process so far, bytes. */
export interface CorpusStage {
  readonly name: string
  readonly seconds: number
  readonly peakRss: number
}

interface Size {
  readonly positions: number
  readonly documents: number
  readonly dataBytes: number
  readonly predictionBytes: number
  readonly writeSeconds: number
  readonly stages: readonly CorpusStage[]
}

const {values: options} = parseArgs({
  options: {sizes: {type: 'string', default: '10000,100000,1000000'}, out: {type: 'string', default: at()}},
})
const sizes: Size[] = []
for (const positions of options.sizes.split(',').map(Number)) {
  sizes.push(await measureSize(positions))
  process.stdout.write(`${linesOf(sizes.at(-1)!).join('\n')}\n`)
}
const [smallest, largest] = [sizes[0], sizes.at(-1)!]
const bytesPerPosition =
  sizes.length < 2
    ? null
    : slopeOf([smallest, largest].map(({positions, stages}) => ({x: positions, y: peakOf(stages)})))
if (bytesPerPosition !== null)
  process.stdout.write(
    `peak memory grows by ${bytesPerPosition.toFixed(0)} bytes a position from ${smallest.positions} to ${largest.positions}\n`,
  )
const machine = {processor: cpus()[0].model, cores: cpus().length, node: process.version}
writeFileSync(join(options.out, 'corpus.json'), `${JSON.stringify({machine, bytesPerPosition, sizes}, null, 2)}\n`)

async function measureSize(positions: number): Promise<Size> {
  const folder = mkdtempSync(join(tmpdir(), 'rpt-corpus-'))
  try {
    const before = performance.now()
    const {documents} = await work<{documents: number}>({task: 'write', positions, folder})
    const writeSeconds = (performance.now() - before) / 1000
    const stages = await work<CorpusStage[]>({task: 'use', positions, folder})
    const sizeOf = (...names: readonly string[]) => statSync(join(folder, ...names)).size
    const dataBytes = sizeOf('data', 'documents.arrow') + sizeOf('data', 'positions.arrow')
    return {positions, documents, dataBytes, predictionBytes: sizeOf('predictions.arrow'), writeSeconds, stages}
  } finally {
    rmSync(folder, {recursive: true})
  }
}

async function work<T extends object>(request: CorpusRequest): Promise<T> {
  const found = await runChild<T>('ours', 'corpus-work', request, '')
  if (isFailure(found)) throw new Error(`${request.positions} positions, ${request.task}: ${found.failure}`)
  return found
}

function peakOf(stages: readonly CorpusStage[]): number {
  return stages.at(-1)!.peakRss
}

function linesOf({positions, documents, dataBytes, predictionBytes, writeSeconds, stages}: Size): string[] {
  const mega = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
  return [
    `${positions} positions of ${documents} documents: data ${mega(dataBytes)}, written in ${writeSeconds.toFixed(1)} s; predictions ${mega(predictionBytes)}`,
    ...stages.map(({name, seconds, peakRss}) => `  ${name}: ${seconds.toFixed(1)} s, peak so far ${mega(peakRss)}`),
  ]
}
