import {describe, expect, it} from 'vitest'
import {appendBackward} from '../../../src/core/autodiff/backward.js'
import {type VjpTable, vjpRules} from '../../../src/core/autodiff/vjp-rules.js'
import {Graph} from '../../../src/core/onnx/graph.js'
import {Ops} from '../../../src/core/onnx/ops.js'
import type {OpType} from '../../../src/core/onnx/types.js'
import {type GradCheckCase, worstGradientError} from '../../support/grad-check.js'

type Row = Omit<GradCheckCase, 'rules'>

const matrix = [[2, 3]]
const pair = [
  [2, 3],
  [2, 3],
]
const broadcast = [
  [2, 1, 3],
  [4, 1],
]

/** At least one row per differentiable operator; several where broadcasting or attributes change the rule. */
const rows: Partial<Record<OpType, Row[]>> = {
  Add: [pair, broadcast].map((shapes) => ({shapes, build: (op, a, b) => op.add(a, b)})),
  Sub: [pair, broadcast].map((shapes) => ({shapes, build: (op, a, b) => op.sub(a, b)})),
  Mul: [pair, broadcast].map((shapes) => ({shapes, build: (op, a, b) => op.mul(a, b)})),
  Div: [pair, broadcast].map((shapes) => ({shapes, isPositive: true, build: (op, a, b) => op.div(a, b)})),
  Min: [pair, broadcast].map((shapes) => ({shapes, build: (op, a, b) => op.min(a, b)})),
  Max: [pair, broadcast].map((shapes) => ({shapes, build: (op, a, b) => op.max(a, b)})),
  Neg: [{shapes: matrix, build: (op, x) => op.neg(x)}],
  Exp: [{shapes: matrix, build: (op, x) => op.exp(x)}],
  Sqrt: [{shapes: matrix, isPositive: true, build: (op, x) => op.sqrt(x)}],
  Sigmoid: [{shapes: matrix, build: (op, x) => op.sigmoid(x)}],
  Where: [{shapes: broadcast, build: (op, a, b) => op.where(op.less(a, op.scalar(0)), a, b)}],
  MatMul: [
    {
      shapes: [
        [2, 3],
        [3, 4],
      ],
      build: (op, a, b) => op.matMul(a, b),
    },
    {
      shapes: [
        [2, 2, 3],
        [2, 3, 4],
      ],
      build: (op, a, b) => op.matMul(a, b),
    },
    {
      shapes: [
        [2, 2, 3],
        [3, 4],
      ],
      build: (op, a, b) => op.matMul(a, b),
    },
    {
      shapes: [
        [3, 2, 2, 3],
        [1, 2, 3, 2],
      ],
      build: (op, a, b) => op.matMul(a, b),
    },
  ],
  FusedMatMul: [
    {
      shapes: [
        [2, 3],
        [4, 3],
      ],
      build: (op, a, b) => op.fusedMatMul(a, b, {transB: 1, alpha: 0.3}),
    },
    {
      shapes: [
        [2, 5, 3],
        [4, 3],
      ],
      build: (op, a, b) => op.fusedMatMul(a, b, {transB: 1}),
    },
    {
      shapes: [
        [2, 2, 3],
        [2, 4, 3],
      ],
      build: (op, a, b) => op.fusedMatMul(a, b, {transB: 1, alpha: 2}),
    },
    {
      shapes: [
        [2, 2, 3],
        [3, 4],
      ],
      build: (op, a, b) => op.fusedMatMul(a, b, {alpha: 2}),
    },
  ],
  Transpose: [{shapes: [[2, 3, 4]], build: (op, x) => op.transpose(x, [2, 0, 1])}],
  Reshape: [{shapes: matrix, build: (op, x) => op.reshape(x, [3, 2])}],
  Expand: [{shapes: [[2, 1]], build: (op, x) => op.expand(x, [3, 2, 4])}],
  Slice: [{shapes: [[2, 5]], build: (op, x) => op.slice(x, 1, 1, 4)}],
  Split: [
    {
      shapes: [[2, 5]],
      build: (op, x) => {
        const [a, b] = op.split(x, 1, [2, 3])
        return op.mul(op.slice(a, 1, 0, 1), b)
      },
    },
    {shapes: [[2, 5]], build: (op, x) => op.split(x, 1, [2, 3])[1]},
  ],
  Pad: [{shapes: matrix, build: (op, x) => op.pad(x, 1, 2, 1)}],
  Concat: [
    {
      shapes: [
        [2, 3],
        [2, 1],
      ],
      build: (op, a, b) => op.concat([a, b, a], 1),
    },
  ],
  Gather: [{shapes: [[4, 3]], build: (op, x) => op.gather(x, op.index([2, 0, 2, 2, 1, 0], [2, 3]))}],
  GatherElements: [{shapes: [[2, 4]], build: (op, x) => op.gatherElements(x, op.index([3, 3, 0, 1], [2, 2]), 1)}],
  ReduceSum: [
    {shapes: [[2, 3, 4]], build: (op, x) => op.sum(x, [0, 2])},
    {shapes: [[2, 3, 4]], build: (op, x) => op.sum(x, [1], 0)},
  ],
  ReduceMean: [
    {shapes: [[2, 3, 4]], build: (op, x) => op.mean(x, [-1])},
    {shapes: [[2, 3, 4]], build: (op, x) => op.mean(x, [0, 1], 0)},
  ],
  Softmax: [{shapes: [[2, 5]], build: (op, x) => op.softmax(x)}],
  LogSoftmax: [{shapes: [[2, 5]], build: (op, x) => op.logSoftmax(x)}],
}

const differentiable = (Object.keys(vjpRules) as OpType[]).filter((op) => vjpRules[op] !== 'not differentiable')

/** The table with one rule's cotangents scaled: what a slightly wrong derivation looks like. */
function withRuleOffBy(op: OpType, share: number): VjpTable {
  const rule = vjpRules[op]
  if (rule === 'not differentiable') throw new Error(`${op} has no rule`)
  const scaled = (ops: Ops, ...rest: unknown[]) =>
    (rule as (...args: unknown[]) => readonly (ReturnType<Ops['add']> | null)[])(ops, ...rest).map(
      (dx) => dx && ops.mul(dx, ops.scalar(1 + share)),
    )
  return {...vjpRules, [op]: scaled}
}

describe('gradient rules agree with central differences in float64', () => {
  it.each(differentiable)('%s within 1e-6', async (op) => {
    expect(rows[op], `a row for ${op}`).toBeDefined()
    for (const row of rows[op]!) expect(await worstGradientError(row)).toBeLessThan(1e-6)
  })

  it.each(differentiable)('%s off by 0.1 percent is caught', async (op) => {
    const errors = await Promise.all(
      rows[op]!.map((row) => worstGradientError({...row, rules: withRuleOffBy(op, 1e-3)})),
    )
    expect(Math.max(...errors)).toBeGreaterThan(1e-6)
  })
})

describe('appendBackward', () => {
  it('refuses a rule that returns the wrong shape, naming the operator', () => {
    const op = new Ops(new Graph(), 'float64')
    const x = op.input('x', [2, 3])
    const loss = op.total(op.exp(x))
    const rules: VjpTable = {...vjpRules, Exp: (ops, _node, dy) => [ops.slice(dy, 1, 0, 2)]}
    expect(() => appendBackward(op, loss, [x], rules)).toThrow(/gradient rule of Exp.*\[2,2\].*expected/)
  })

  it('refuses a rule that returns too few cotangents', () => {
    const op = new Ops(new Graph(), 'float64')
    const x = op.input('x', [2])
    const rules: VjpTable = {...vjpRules, Mul: (_ops, _node, dy) => [dy]}
    expect(() => appendBackward(op, op.total(op.mul(x, x)), [x], rules)).toThrow(/Mul returned 1 cotangents for 2/)
  })

  it('refuses to differentiate through an operator without a rule', () => {
    const op = new Ops(new Graph(), 'float64')
    const x = op.input('x', [2, 2])
    expect(() => appendBackward(op, op.total(op.cumSum(x, 1)), [x])).toThrow(/CumSum is not differentiable/)
  })

  it('gives zeros to a parameter that the loss does not depend on', () => {
    const op = new Ops(new Graph(), 'float64')
    const [x, unused] = [op.input('x', [2]), op.input('unused', [3])]
    expect(appendBackward(op, op.total(x), [x, unused])[1].shape).toEqual([3])
  })
})
