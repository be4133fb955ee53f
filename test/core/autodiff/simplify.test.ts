import {describe, expect, it} from 'vitest'
import {appendBackward} from '../../../src/core/autodiff/backward.js'
import {simplify} from '../../../src/core/autodiff/simplify.js'
import {Graph} from '../../../src/core/onnx/graph.js'
import {liveNodes} from '../../../src/core/onnx/live-nodes.js'
import {Ops} from '../../../src/core/onnx/ops.js'
import type {OpNode, Value} from '../../../src/core/onnx/types.js'
import {worstGradientError} from '../../support/grad-check.js'
import {printGraph} from '../../support/print-graph.js'

const table = [5, 3]

/** Forms whose cotangents are zero but for some entries, or broadcast; and the shape that must not be made for them. */
const cases: Record<string, {shapes: number[][]; build: (op: Ops, ...inputs: Value[]) => Value; avoided?: number[]}> = {
  'a table that is read by rows and multiplied': {
    shapes: [table, [4, 3]],
    build: (op, weights, x) => op.matMul(x, op.transpose(op.mul(weights, weightedRows(op, weights)), [1, 0])),
  },
  'a tied table, rows read twice': {
    shapes: [table],
    build: (op, weights) => op.fusedMatMul(op.gather(weights, op.index([1, 4, 1])), weights, {transB: 1}),
    avoided: table,
  },
  'log-probabilities of picked tokens': {
    shapes: [[4, 6]],
    build: (op, x) => op.gatherElements(op.logSoftmax(x), op.index([5, 0, 0, 3], [4, 1]), 1),
    avoided: [4, 6],
  },
  'log-probabilities of some rows only': {
    shapes: [[4, 6]],
    build: (op, x) => op.gatherElements(op.logSoftmax(x), op.index([5, 2], [1, 2]), 1),
  },
  'a table that is multiplied first and read later': {
    shapes: [table, [3, 3]],
    build: (op, weights, x) => op.concat([op.matMul(weights, x), op.gather(weights, op.index([1, 0, 4, 1]))], 0),
    avoided: table,
  },
  'log-probabilities that are picked twice and summed': {
    shapes: [[2, 6]],
    build: (op, x) => {
      const logprobs = op.logSoftmax(x)
      const picked = op.gatherElements(logprobs, op.index([5, 5, 2, 0], [2, 2]), 1)
      return op.add(op.sum(op.mul(op.exp(logprobs), logprobs), [-1]), picked)
    },
  },
  'log-softmax over one axis, picked along the other': {
    shapes: [[3, 4]],
    build: (op, x) => op.gatherElements(op.logSoftmax(x), op.index([2, 0, 1, 2], [1, 4]), 0),
  },
  'a mean of squares': {shapes: [[4, 3]], build: (op, x) => op.mean(op.mul(x, x), [-1]), avoided: [4, 3]},
}

describe('gradients are added without tensors of zeros and multiplied without being expanded', () => {
  it.each(Object.entries(cases))('%s', async (_, {shapes, build, avoided}) => {
    expect(await worstGradientError({shapes, build})).toBeLessThan(1e-6)
    const expanded = backwardOf(shapes, build).filter(({op}) => op === 'Expand')
    if (avoided) expect(expanded.map(({outputs}) => outputs[0].shape)).not.toContainEqual(avoided)
  })
})

/** Forms that look like a pattern and are none: x [4, 3], column [4, 1], indices [4, 1]. */
const others: Record<string, (op: Ops, x: Value, column: Value, indices: Value) => Value> = {
  'a product that would come out smaller': (op, _x, column) => op.mul(op.expand(column, [4, 3]), column),
  'what is added to something else than zeros': (op, x, column, indices) =>
    op.add(x, op.scatterElements(op.expand(op.scalar(1), [4, 3]), indices, column, 1, 'add')),
  'what is written to zeros': (op, x, column, indices) =>
    op.add(x, op.scatterElements(op.zeros([4, 3]), indices, column, 1, 'none')),
  'a sum over another axis': (op, _x, column, indices) =>
    op.sum(op.scatterElements(op.zeros([4, 3]), indices, column, 1, 'add'), [0]),
  'a sum of which some rows get nothing': (op, _x, column, indices) =>
    op.sum(op.scatterElements(op.zeros([5, 3]), indices, column, 1, 'add'), [1]),
}

describe('the pass', () => {
  it.each(Object.entries(others))('leaves %s', (_, build) => {
    const op = graphOf(build)
    const before = printGraph(op.graph)
    simplify(op.graph)
    expect(printGraph(op.graph)).toBe(before)
  })

  it('adds to what another addition left', () => {
    const op = graphOf((ops, x, column, indices) => {
      const sparse = ops.scatterElements(ops.zeros([4, 3]), indices, column, 1, 'add')
      return ops.add(sparse, ops.add(sparse, x))
    })
    simplify(op.graph)
    expect(printGraph(op.graph)).toMatchInlineSnapshot(`
      "input x: float32[4, 3]
      input column: float32[4, 1]
      input indices: int64[4, 1]
      %3: float32[4, 3] = ScatterElements(x, indices, column) axis=1 reduction="add"
      %4: float32[4, 3] = ScatterElements(%3, indices, column) axis=1 reduction="add"
      output y = %4"
    `)
  })
})

/** A graph of one output from the inputs that `others` names. */
function graphOf(build: (op: Ops, x: Value, column: Value, indices: Value) => Value): Ops {
  const op = new Ops(new Graph())
  op.graph.output('y', build(op, op.input('x', [4, 3]), op.input('column', [4, 1]), op.indexInput('indices', [4, 1])))
  return op
}

/** All nodes that the gradients need. */
function backwardOf(shapes: number[][], build: (op: Ops, ...inputs: Value[]) => Value): OpNode[] {
  const op = new Ops(new Graph(), 'float64')
  const inputs = shapes.map((shape, i) => op.input(`x${i}`, shape))
  const output = build(op, ...inputs)
  const weights = op.input('weights', output.shape)
  appendBackward(op, op.total(op.mul(output, weights)), inputs).forEach((gradient, i) => {
    op.graph.output(`d${i}`, gradient)
  })
  return liveNodes(op.graph)
}

/** Something of the table's shape that is read from its rows. */
function weightedRows(op: Ops, weights: Value): Value {
  return op.gather(weights, op.index([4, 0, 0, 2, 1]))
}
