import {expect, it} from 'vitest'
import {Graph} from '../../../src/core/onnx/graph.js'
import {liveNodes} from '../../../src/core/onnx/live-nodes.js'
import {Ops} from '../../../src/core/onnx/ops.js'
import {Session} from '../../../src/core/runtime/session.js'

it('a graph reads what is fed in place of a value that it would compute', async () => {
  const op = new Ops(new Graph())
  const x = op.input('x', [2])
  const squared = op.mul(x, x)
  op.graph.output('sum', op.add(squared, x))
  op.graph.output('squared', squared)
  op.graph.feed('given', squared)
  expect(liveNodes(op.graph).map(({op: type}) => type)).toEqual(['Add'])

  const session = await Session.compile(op.graph, {device: 'cpu', threads: 1})
  const outputs = await session.run({x: Float32Array.of(3, 4), given: Float32Array.of(10, 20)})
  expect(outputs).toEqual({sum: Float32Array.of(13, 24), squared: Float32Array.of(10, 20)})
  await session.release()
})
