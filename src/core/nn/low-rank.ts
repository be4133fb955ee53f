import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'

/**
 * Numbers of a rank that go through one product. A product of at most 16 columns is never cut along them, whatever the
 * number of threads and rows; a wider one is summed in another order where it is (docs/explanation/determinism.md).
 */
const blockColumns = 16

/** scale (x A^T) B^T: [N, in] -> [N, out], with A [rank, in] and B [out, rank] (LoRA, arXiv:2106.09685, Eq. 3). */
export function lowRank(op: Ops, x: Value, a: Value, b: Value, scale: number): Value {
  const [inner, outer] = factorsOf(scale)
  const sizes = blocksOf(a.shape[0])
  const bs = op.split(b, 1, sizes)
  const terms = op.split(a, 0, sizes).map((block, i) => {
    const narrow = op.fusedMatMul(x, block, {transB: 1, alpha: inner})
    return op.fusedMatMul(narrow, bs[i], {transB: 1, alpha: outer})
  })
  return terms.reduce((sum, term) => op.add(sum, term))
}

/**
 * Two factors of a scale, neither of them 1: a thread that is left with one row of a product with factor 1 would compute
 * it by another kernel, which rounds differently. The first is a power of two, so that it rounds nothing.
 */
function factorsOf(scale: number): readonly [inner: number, outer: number] {
  const inner = scale === 2 ? 4 : 2
  return [inner, scale / inner]
}

function blocksOf(rank: number): number[] {
  const blocks = Math.ceil(rank / blockColumns)
  return Array.from({length: blocks}, (_, i) => Math.min(blockColumns, rank - i * blockColumns))
}
