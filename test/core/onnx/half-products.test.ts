import {describe, expect, it} from 'vitest'
import {Graph} from '../../../src/core/onnx/graph.js'
import {type HalfForm, halveProducts} from '../../../src/core/onnx/half-products.js'
import {livenessOf} from '../../../src/core/onnx/liveness.js'
import {Ops} from '../../../src/core/onnx/ops.js'
import {Session} from '../../../src/core/runtime/session.js'
import {printGraph} from '../../support/print-graph.js'

/** Two products in a row, and what is not to be touched: a sum of squares, a product with a constant. */
function chain(): Graph {
  const op = new Ops(new Graph())
  const [a, b] = [op.input('a', [2, 3]), op.input('b', [3, 2])]
  const swap = op.graph.constant('float32', [2, 2], [0, 1, 1, 0])
  const product = op.matMul(a, b)
  op.graph.output('y', op.matMul(op.fusedMatMul(product, op.input('c', [2, 2]), {alpha: 0.5}), swap))
  op.graph.output('squares', op.total(op.mul(product, product)))
  return op.graph
}

function halved(graph: Graph, form: HalfForm): Graph {
  halveProducts(graph, form)
  return graph
}

describe('halveProducts', () => {
  it('half: casts operands, multiplies in float16, casts back; products with constants stay', () => {
    expect(printGraph(halved(chain(), 'half'))).toMatchInlineSnapshot(`
      "input a: float32[2, 3]
      input b: float32[3, 2]
      input c: float32[2, 2]
      %3: float16[2, 3] = Cast(a) to="float16"
      %4: float16[3, 2] = Cast(b) to="float16"
      %5: float16[2, 2] = MatMul(%3, %4)
      %6: float32[2, 2] = Cast(%5) to="float32"
      %7: float16[2, 2] = Cast(%6) to="float16"
      %8: float16[2, 2] = Cast(c) to="float16"
      %9: float16[2, 2] = FusedMatMul(%7, %8) transA=0 transB=0 alpha=0.5
      %10: float32[2, 2] = Cast(%9) to="float32"
      %11: float32[2, 2] = MatMul(%10, const float32[2, 2](0 1 1 0))
      %12: float32[2, 2] = Mul(%6, %6)
      %13: float32[] = ReduceSum(%12) axes=[0,1] keepdims=0
      output y = %11
      output squares = %13"
    `)
  })

  it('rounded: operands and results go through float16, products are float32', () => {
    expect(printGraph(halved(chain(), 'rounded'))).toMatchInlineSnapshot(`
      "input a: float32[2, 3]
      input b: float32[3, 2]
      input c: float32[2, 2]
      %3: float16[2, 3] = Cast(a) to="float16"
      %4: float32[2, 3] = Cast(%3) to="float32"
      %5: float16[3, 2] = Cast(b) to="float16"
      %6: float32[3, 2] = Cast(%5) to="float32"
      %7: float32[2, 2] = MatMul(%4, %6)
      %8: float16[2, 2] = Cast(%7) to="float16"
      %9: float32[2, 2] = Cast(%8) to="float32"
      %10: float16[2, 2] = Cast(%9) to="float16"
      %11: float32[2, 2] = Cast(%10) to="float32"
      %12: float16[2, 2] = Cast(c) to="float16"
      %13: float32[2, 2] = Cast(%12) to="float32"
      %14: float32[2, 2] = FusedMatMul(%11, %13) transA=0 transB=0 alpha=0.5
      %15: float16[2, 2] = Cast(%14) to="float16"
      %16: float32[2, 2] = Cast(%15) to="float32"
      %17: float32[2, 2] = MatMul(%16, const float32[2, 2](0 1 1 0))
      %18: float32[2, 2] = Mul(%9, %9)
      %19: float32[] = ReduceSum(%18) axes=[0,1] keepdims=0
      output y = %17
      output squares = %19"
    `)
  })

  it('a weight is cast once, outside of the loop that reads it; what the loop computes is cast inside', () => {
    const op = new Ops(new Graph())
    const weight = op.input('weight', [2, 2])
    const {carried} = op.loop(op.index(3), [op.input('x', [2, 2])], (body, _, [x]) => ({
      goOn: body.bool(true),
      carried: [body.matMul(x, weight)],
      scanned: [],
    }))
    op.graph.output('y', carried[0])
    expect(printGraph(halved(op.graph, 'half'))).toMatchInlineSnapshot(`
      "input weight: float32[2, 2]
      input x: float32[2, 2]
      %2: float16[2, 2] = Cast(weight) to="float16"
      %3: float32[2, 2] = Loop(const int64[](3), const bool[](1), x)
        input trip: int64[]
        input going: bool[]
        input carried_0: float32[2, 2]
        %7: float16[2, 2] = Cast(carried_0) to="float16"
        %8: float16[2, 2] = MatMul(%7, %2)
        %9: float32[2, 2] = Cast(%8) to="float32"
        output go_on = const bool[](1)
        output next_0 = %9
      output y = %3"
    `)
  })

  it('an input that is fed in float16 is not cast; what is read otherwise, scaled or of another name stays', () => {
    const op = new Ops(new Graph())
    const [x, fed, shared] = [op.input('x', [2, 2]), op.input('fed', [2, 2]), op.input('shared', [2, 2])]
    const {carried} = op.loop(op.index(3), [op.matMul(x, fed)], (body, _, [y]) => ({
      goOn: body.bool(true),
      carried: [body.matMul(body.matMul(y, fed), shared)],
      scanned: [],
    }))
    const scaled = op.fusedMatMul(op.input('scaled', [2, 2]), op.input('other', [3, 2]), {transB: 1, alpha: 0.3})
    op.graph.output('y', op.add(carried[0], shared))
    op.graph.output('z', scaled)
    halveProducts(op.graph, 'rounded', (name) => name !== 'x')
    expect(op.graph.inputs.map(({name, dtype}) => `${name} ${dtype}`)).toEqual([
      'x float32',
      'fed float16',
      'shared float32',
      'scaled float32',
      'other float16',
    ])
    expect(printGraph(op.graph)).toContain('Cast(fed) to="float32"')
    expect(printGraph(op.graph)).not.toContain('Cast(fed) to="float16"')
  })

  it('a factor that float16 may not hold is multiplied into the smaller operand', () => {
    const op = new Ops(new Graph())
    const product = op.fusedMatMul(op.input('keys', [4, 3]), op.input('queries', [2, 3]), {transB: 1, alpha: 0.3})
    op.graph.output('scores', product)
    expect(printGraph(halved(op.graph, 'half'))).toMatchInlineSnapshot(`
      "input keys: float32[4, 3]
      input queries: float32[2, 3]
      %2: float32[2, 3] = Mul(queries, const float32[](0.3))
      %3: float16[4, 3] = Cast(keys) to="float16"
      %4: float16[2, 3] = Cast(%2) to="float16"
      %5: float16[4, 2] = FusedMatMul(%3, %4) transA=0 transB=1 alpha=1
      %6: float32[4, 2] = Cast(%5) to="float32"
      output scores = %6"
    `)
  })

  // Expected values: Python's struct.pack('<e'), which rounds as IEEE 754 says, around sums in float64.
  it('rounds to the nearest float16', async () => {
    const session = await Session.compile(halved(chain(), 'rounded'), {device: 'cpu', threads: 1})
    const b = Float32Array.of(1, 2.3456789, 3, 4, 5, 6)
    const a = Float32Array.of(1.0001, 2.0003, 3.00007, 4, 5, 6.123456)
    const {y} = await session.run({a, b, c: Float32Array.of(2, 0, 0, 2)})
    expect([...y]).toEqual([28.34375, 22, 66.125, 49.625])
    await session.release()
  })

  it('beyond the range of float16 is infinity', async () => {
    const op = new Ops(new Graph())
    op.graph.output('y', op.matMul(op.input('a', [2, 1]), op.input('b', [1, 2])))
    const session = await Session.compile(halved(op.graph, 'rounded'), {device: 'cpu', threads: 1})
    const {y} = await session.run({a: Float32Array.of(65_504, -3), b: Float32Array.of(1, 1.001)})
    expect([...y]).toEqual([65_504, Number.POSITIVE_INFINITY, -3, -3.00390625])
    await session.release()
  })

  it('the estimate of memory counts float16 as two bytes', () => {
    const op = new Ops(new Graph())
    op.graph.output('y', op.matMul(op.input('a', [64, 64]), op.input('b', [64, 64])))
    const [plain, half] = [op.graph, halved(op.graph, 'half')].map((graph) => livenessOf(graph).peakBytes)
    expect(plain).toBe(livenessOf(op.graph).peakBytes)
    expect(half).toBe(3 * 2 * 64 * 64)
  })
})
