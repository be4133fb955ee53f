import {expect, it} from 'vitest'
import {Graph} from '../../../src/core/onnx/graph.js'
import {liveNodes} from '../../../src/core/onnx/live-nodes.js'
import {Ops} from '../../../src/core/onnx/ops.js'

it('keeps what an output depends on, in order, and drops the rest', () => {
  const op = new Ops(new Graph())
  const x = op.input('x', [2])
  const doubled = op.add(x, x)
  op.exp(doubled)
  op.graph.output('y', op.neg(doubled))
  expect(liveNodes(op.graph).map((node) => node.op)).toEqual(['Add', 'Neg'])
})

it('keeps what only the body of a loop reads', () => {
  const op = new Ops(new Graph())
  const x = op.input('x', [2])
  const outside = op.exp(x)
  const {carried} = op.loop(op.index(3), [x], (body, _trip, [value]) => ({
    goOn: body.bool(true),
    carried: [body.add(value, outside)],
    scanned: [],
  }))
  op.graph.output('y', carried[0])
  expect(liveNodes(op.graph).map((node) => node.op)).toEqual(['Exp', 'Loop'])
})
