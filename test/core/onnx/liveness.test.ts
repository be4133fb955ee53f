import {describe, expect, it} from 'vitest'
import {executionOrder} from '../../../src/core/onnx/execution-order.js'
import {Graph} from '../../../src/core/onnx/graph.js'
import {tensorBytes} from '../../../src/core/onnx/live-tensor.js'
import {livenessOf} from '../../../src/core/onnx/liveness.js'
import {Ops} from '../../../src/core/onnx/ops.js'

const unit = 4 * 100 * 100

/** An Ops with a fed matrix of one unit, 40,000 bytes. */
function start() {
  const op = new Ops(new Graph())
  return {op, x: op.input('x', [100, 100])}
}

function units({op}: {op: Ops}, trips?: number): number {
  return livenessOf(op.graph, trips).peakBytes / unit
}

describe('livenessOf', () => {
  it('counts no tensor that the host feeds', () => {
    const {op, x} = start()
    op.graph.output('y', op.mul(x, x))
    expect(units({op})).toBe(1)
  })

  it('holds a tensor from where it is computed to where it is read last', () => {
    const {op, x} = start()
    const a = op.exp(x)
    const b = op.exp(op.mul(a, x))
    op.graph.output('late', op.add(op.mul(b, x), a))
    expect(units({op})).toBe(3)
  })

  it('lets a view share the memory of its input', () => {
    const {op, x} = start()
    op.graph.output('y', op.sum(op.reshape(op.exp(x), [10_000]), [0]))
    expect(livenessOf(op.graph).peakBytes).toBe(unit + 4)
  })

  it('lets softmax overwrite an input that dies there, but not one that is read again', () => {
    const dying = start()
    dying.op.graph.output('y', dying.op.sum(dying.op.softmax(dying.op.exp(dying.x)), [0, 1], 0))
    expect(livenessOf(dying.op.graph).peakBytes).toBe(unit + 4)
    const {op, x} = start()
    const e = op.exp(x)
    op.graph.output('y', op.sum(op.mul(op.softmax(e), e), [0, 1], 0))
    expect(livenessOf(op.graph).peakBytes).toBe(3 * unit)
  })

  it('keeps memory for later tensors of the same shape', () => {
    const {op, x} = start()
    const narrow = op.sum(op.exp(op.exp(x)), [1])
    const wide = op.mul(narrow, op.input('row', [1, 200]))
    const again = op.sum(op.exp(op.mul(op.sum(wide, [1]), x)), [0, 1], 0)
    op.graph.output('y', again)
    // Two units of the first chain wait for the second, while [100, 200] is computed.
    expect(livenessOf(op.graph).peakBytes).toBe(4 * unit + 400)
  })

  it('holds for good what follows from constants', () => {
    const {op, x} = start()
    const zeros = op.zeros([100, 100])
    op.graph.output('y', op.sum(op.add(zeros, x), [0, 1], 0))
    expect(units({op})).toBeCloseTo(2, 3)
  })

  it('counts the carried values of a loop twice and what it scans once per trip', () => {
    const op = new Ops(new Graph())
    const state = op.exp(op.input('state', [100, 100]))
    const loop = op.loop(op.indexInput('trips', []), [state], (body, _, [carried]) => {
      const next = body.mul(carried, carried)
      return {goOn: body.bool(true), carried: [next], scanned: [body.sum(next, [1], 0)]}
    })
    op.graph.output('scanned', loop.scanned[0])
    // Initial, previous and next state, and 100 numbers for each of 7 trips.
    expect(livenessOf(op.graph, 7).peakBytes).toBe(3 * unit + 7 * 400)
  })

  it('lists tensors that add up to the peak, the largest first', () => {
    const {op, x} = start()
    op.graph.output('y', op.matMul(op.exp(x), op.input('w', [100, 300])))
    const {live, peakBytes, at} = livenessOf(op.graph)
    expect(live.map(({shape}) => shape)).toEqual([
      [100, 300],
      [100, 100],
    ])
    expect(live.reduce((sum, {bytes}) => sum + bytes, 0)).toBe(peakBytes)
    expect(at).toMatch(/^MatMul/)
  })

  it('knows the size of every element type', () => {
    const bytes = (['float32', 'float64', 'int64', 'bool'] as const).map((dtype) => tensorBytes({dtype, shape: [3]}))
    expect(bytes).toEqual([12, 24, 24, 3])
  })
})

describe('executionOrder', () => {
  it('runs an output that stands earlier last, as onnxruntime does', () => {
    const {op, x} = start()
    const e = op.exp(x)
    op.graph.output('first', op.neg(e))
    op.graph.output('second', op.sqrt(e))
    expect(executionOrder(op.graph).map((node) => node.op)).toEqual(['Exp', 'Sqrt', 'Neg'])
  })

  it('runs what is computed twice once', () => {
    const {op, x} = start()
    op.graph.output('y', op.add(op.exp(x), op.mul(op.exp(x), x)))
    expect(executionOrder(op.graph).filter((node) => node.op === 'Exp')).toHaveLength(1)
  })
})
