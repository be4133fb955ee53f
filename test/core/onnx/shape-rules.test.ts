import {describe, expect, it} from 'vitest'
import {Graph} from '../../../src/core/onnx/graph.js'
import {Ops} from '../../../src/core/onnx/ops.js'
import type {Value} from '../../../src/core/onnx/types.js'

const fresh = () => new Ops(new Graph())

const misfits: Record<string, {build: (op: Ops, x: Value) => unknown; message: RegExp}> = {
  'operands that do not broadcast': {
    build: (op, x) => op.add(x, op.input('y', [4])),
    message: /^Add_0: cannot broadcast \[2,3\] with \[4\]; inputs: x float32\[2,3\], y float32\[4\]$/,
  },
  'operands of two types': {
    build: (op, x) => op.mul(x, op.index([1, 2, 3])),
    message: /^Mul_0: .*float32.*int64.*inputs: x float32\[2,3\]/,
  },
  'inner sizes that differ': {
    build: (op, x) => op.matMul(x, op.input('y', [2, 5])),
    message: /^MatMul_0: .*inner sizes differ.*x float32\[2,3\], y float32\[2,5\]/,
  },
  'a vector in a product': {
    build: (op, x) => op.matMul(x, op.input('y', [3])),
    message: /^MatMul_0: .*needs matrices/,
  },
  'batches that do not broadcast in a product': {
    build: (op) => op.fusedMatMul(op.input('a', [2, 3, 4]), op.input('b', [3, 5, 4]), {transB: 1}),
    message: /^FusedMatMul_0: cannot broadcast \[2\] with \[3\]; inputs: a .*, b /,
  },
  'a reshape that does not fill': {
    build: (op, x) => op.reshape(x, [4, 2]),
    message: /^Reshape_0: .*\[2,3\] does not fill \[4,2\]/,
  },
  'an expansion of an axis larger than 1': {
    build: (op, x) => op.expand(x, [2, 6]),
    message: /^Expand_0: .*\[2,3\] to \[2,6\]/,
  },
  'a slice beyond the end': {
    build: (op, x) => op.slice(x, 1, 1, 4),
    message: /^Slice_0: .*\[1, 4\) of axis 1 of \[2,3\]/,
  },
  'pieces that do not add up': {
    build: (op, x) => op.split(x, 1, [1, 1]),
    message: /^Split_0: .*1,1 do not add up to axis 1 of \[2,3\]/,
  },
  'parts that differ across the joined axis': {
    build: (op, x) => op.concat([x, op.input('y', [3, 3])], 1),
    message: /^Concat_0: .*along 1: \[2,3\] with \[3,3\]/,
  },
  'a permutation that forgets an axis': {
    build: (op, x) => op.transpose(x, [1]),
    message: /^Transpose_0: .*\[1\].*\[2,3\]/,
  },
  'a permutation that repeats an axis': {
    build: (op, x) => op.transpose(x, [1, 1]),
    message: /^Transpose_0: .*1,1.*\[2,3\]/,
  },
  'indices of another rank': {
    build: (op, x) => op.gatherElements(x, op.index([0, 1]), 1),
    message: /^GatherElements_0: .*\[2\].*\[2,3\]/,
  },
  'indices that are not whole numbers': {
    build: (op, x) => op.gather(x, op.input('at', [2])),
    message: /^Gather_0: .*float32/,
  },
  'updates in another shape than their indices': {
    build: (op, x) => op.scatterElements(x, op.index([0, 1], [2, 1]), op.input('y', [2, 2]), 1, 'add'),
    message: /^ScatterElements_0: .*\[2,1\].*\[2,2\]/,
  },
  'more largest entries than there are': {
    build: (op, x) => op.topK(x, 4),
    message: /^TopK_0: .*4.*\[2,3\]/,
  },
  'a condition that is not bool': {
    build: (op, x) => op.where(x, x, x),
    message: /^Where_0: .*bool.*float32/,
  },
  'an axis out of range': {build: (op, x) => op.sum(x, [2]), message: /axis 2 is out of range for rank 2/},
}

describe('shape rules refuse, naming the operator and the shapes', () => {
  it.each(Object.entries(misfits))('%s', (_, {build, message}) => {
    const op = fresh()
    const x = op.input('x', [2, 3])
    expect(() => build(op, x)).toThrow(message)
  })

  it('what is wrong inside a named part of the model, with its place', () => {
    const op = fresh()
    const x = op.input('x', [2, 3])
    expect(() => op.scope('layer7', () => op.add(x, op.input('y', [4])))).toThrow(/^layer7\/Add_0: /)
  })

  it('a value of another graph', () => {
    const stranger = fresh().input('stranger', [2, 3])
    const op = fresh()
    expect(() => op.neg(stranger)).toThrow('Neg_0: input stranger belongs to another graph')
    expect(() => op.graph.output('y', stranger)).toThrow('output y: stranger belongs to another graph')
  })

  it('a carried value that changes its shape from trip to trip', () => {
    const op = fresh()
    const x = op.input('x', [2])
    const grow = () =>
      op.loop(op.index(3), [x], (body, _trip, [carried]) => ({
        goOn: body.bool(true),
        carried: [body.concat([carried, carried], 0)],
        scanned: [],
      }))
    expect(grow).toThrow(/carried value 0 is float32 \[2\] but becomes float32 \[4\]/)
  })

  it('two inputs of one name, and constants that do not fill their shape', () => {
    const op = fresh()
    op.input('x', [1])
    expect(() => op.input('x', [1])).toThrow('graph input x exists already')
    expect(() => op.index([1, 2, 3], [2, 2])).toThrow('constant of shape [2,2] got 3 numbers')
  })

  it('a replacement that computes another type', () => {
    const op = fresh()
    const inputs = [op.input('x', [2]), op.input('y', [2])]
    op.add(inputs[0], inputs[1])
    const [node] = op.graph.nodes
    expect(() => op.graph.replace(node, {op: 'Less', inputs, attrs: {}})).toThrow(
      /Add_0: Less computes something else than Add/,
    )
    expect(op.graph.replace(node, {op: 'Sub', inputs, attrs: {}}).outputs).toBe(node.outputs)
    expect(op.graph.nodes.map(({op: name}) => name)).toEqual(['Sub'])
  })
})

it('shapes that fit give the shape that NumPy gives', () => {
  const op = fresh()
  const x = op.input('x', [4, 1, 3])
  expect(op.add(x, op.input('y', [2, 1])).shape).toEqual([4, 2, 3])
  expect(op.matMul(x, op.input('w', [3, 5])).shape).toEqual([4, 1, 5])
  expect(op.gather(op.input('table', [7, 2]), op.index([0, 6, 3, 1], [2, 2])).shape).toEqual([2, 2, 2])
  expect(op.sum(x, [0, -1], 0).shape).toEqual([1])
  expect(op.argMax(x, -1)).toMatchObject({dtype: 'int64', shape: [4, 1]})
})
