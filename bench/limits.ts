import {Graph} from '../src/core/onnx/graph.js'
import {Ops} from '../src/core/onnx/ops.js'
import {Session} from '../src/core/runtime/session.js'
import {minOf} from '../src/core/util/extremes.js'

/** What the machine gives a side: the physical bounds of its results. */
export interface Limits {
  /** Floating-point operations per second of a large float32 matrix product. */
  readonly flops: number
  /** Bytes read and written per second by a large copy. */
  readonly copyBytes: number
}

/** What is measured: a product of two [side, side] matrices, a copy of `bytes`. */
export interface LimitsRequest {
  readonly work: 'limits'
  readonly side: number
  readonly bytes: number
  readonly threads: number
}

const {side, bytes, threads} = JSON.parse(process.argv[2]) as LimitsRequest
const graph = new Graph()
const op = new Ops(graph)
const product = op.matMul(op.input('left', [side, side]), op.input('right', [side, side]))
// One number leaves the graph, so that no copy of the result is measured.
graph.output('total', op.total(product))
const session = await Session.compile(graph, {device: 'cpu', threads})
const matrix = Float32Array.from({length: side * side}, (_, i) => (i % 17) / 17)
const productSeconds = await fastest(() => session.run({left: matrix, right: matrix}))
await session.release()
const source = new Float32Array(bytes / 4).fill(1)
const target = new Float32Array(source.length)
const copySeconds = await fastest(async () => target.set(source))
const limits: Limits = {flops: (2 * side ** 3) / productSeconds, copyBytes: (2 * bytes) / copySeconds}
console.log(JSON.stringify(limits))

/** Seconds of the fastest of five runs after one that is not counted. */
async function fastest(run: () => Promise<unknown>): Promise<number> {
  await run()
  const seconds: number[] = []
  for (let repeat = 0; repeat < 5; repeat++) {
    const started = performance.now()
    await run()
    seconds.push((performance.now() - started) / 1000)
  }
  return minOf(seconds)
}
