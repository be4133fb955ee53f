import {expect, it} from 'vitest'
import {Graph} from '../../../src/core/onnx/graph.js'
import {Ops} from '../../../src/core/onnx/ops.js'
import {Session} from '../../../src/core/runtime/session.js'
import {RuntimeFailure} from '../../../src/core/util/errors.js'

it('a run that onnxruntime gives up is a failure of the runtime, with its words', async () => {
  const op = new Ops(new Graph())
  op.graph.output('y', op.gather(op.input('x', [3]), op.indexInput('at', [1])))
  const session = await Session.compile(op.graph, {device: 'cpu', threads: 1})
  const beyond = session.run({x: new Float32Array(3), at: BigInt64Array.of(7n)})
  await expect(beyond).rejects.toThrow(RuntimeFailure)
  await expect(beyond).rejects.toThrow(/^running a graph on device cpu: .*Gather/s)
  await session.release()
})
