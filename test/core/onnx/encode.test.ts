import {describe, expect, it} from 'vitest'
import {encodeModel} from '../../../src/core/onnx/encode.js'
import {Graph} from '../../../src/core/onnx/graph.js'
import {ModelProto} from '../../../src/core/onnx/onnx-schema.js'
import {Ops} from '../../../src/core/onnx/ops.js'
import ort from '../../../src/core/runtime/onnxruntime.js'
import {Session} from '../../../src/core/runtime/session.js'

/** Just enough of the wire format to read a model without our schema: field number -> values. */
function readFields(bytes: Uint8Array): Map<number, (Uint8Array | number)[]> {
  const fields = new Map<number, (Uint8Array | number)[]>()
  let at = 0
  const varint = () => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    const [number, wire] = [Math.floor(tag / 8), tag % 8]
    if (wire !== 0 && wire !== 2) throw new Error(`wire type ${wire}`)
    const value = varint()
    const content = wire === 0 ? value : bytes.subarray(at, at + value)
    if (wire === 2) at += value
    fields.set(number, [...(fields.get(number) ?? []), content])
  }
  return fields
}

const text = (bytes: Uint8Array | number | undefined) => Buffer.from(bytes as Uint8Array).toString()

function smallGraph(): Graph {
  const op = new Ops(new Graph())
  const x = op.input('x', [2, 3])
  op.graph.output('y', op.softmax(op.mul(op.reshape(x, [3, 2]), op.scalar(0.5))))
  return op.graph
}

describe('an encoded model', () => {
  it('loads in onnxruntime with the names of its inputs and outputs, and computes', async () => {
    const session = await ort.InferenceSession.create(encodeModel(smallGraph()))
    expect([session.inputNames, session.outputNames]).toEqual([['x'], ['y']])
    const {y} = await session.run({
      x: new ort.Tensor('float32', Float32Array.of(0, 0, 2, 2, 0, 2 * Math.log(3)), [2, 3]),
    })
    expect([...(y.data as Float32Array)]).toEqual([0.5, 0.5, 0.5, 0.5, 0.25, 0.75].map((p) => expect.closeTo(p, 6)))
    await session.release()
  })

  it('says what ONNX expects at the field numbers of onnx.proto3', () => {
    const model = readFields(encodeModel(smallGraph()))
    expect([model.get(1), text(model.get(2)![0])]).toEqual([[8], 'rpt'])
    expect(model.get(8)!.map((opset) => readFields(opset as Uint8Array).get(2))).toEqual([[18], [1]])
    const graph = readFields(model.get(7)![0] as Uint8Array)
    const operators = graph.get(1)!.map((node) => text(readFields(node as Uint8Array).get(4)![0]))
    expect(operators).toEqual(['Reshape', 'Mul', 'Softmax', 'Identity'])
  })

  it('decodes to a message that encodes to the same bytes', () => {
    const bytes = encodeModel(smallGraph())
    const message = ModelProto.decode(bytes)
    expect(Buffer.from(ModelProto.encode(message).finish()).equals(bytes)).toBe(true)
    const {graph} = ModelProto.toObject(message, {longs: Number}) as {graph: {initializer: {name: string}[]}}
    expect(graph.initializer.map(({name}) => name)).toEqual(['constant_0', 'indices_3_2'])
  })

  it('is the same bytes for the same graph built again', () => {
    expect(Buffer.from(encodeModel(smallGraph())).equals(encodeModel(smallGraph()))).toBe(true)
  })

  it('holds equal constants once, those of a loop body included', () => {
    const op = new Ops(new Graph())
    const x = op.input('x', [4])
    const halved = op.mul(op.mul(x, op.scalar(0.5)), op.scalar(0.5))
    const {carried} = op.loop(op.index(2), [op.reshape(halved, [2, 2])], (body, _, [value]) => ({
      goOn: body.bool(true),
      carried: [body.reshape(body.reshape(body.mul(value, body.scalar(0.5)), [4]), [2, 2])],
      scanned: [],
    }))
    op.graph.output('y', carried[0])
    expect(op.graph.constants.map(({data}) => data)).toEqual([[0.5], [2], [1]])
    const {graph} = ModelProto.toObject(ModelProto.decode(encodeModel(op.graph))) as {
      graph: {initializer: {name: string}[]}
    }
    const names = graph.initializer.map(({name}) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toHaveLength(5)
  })

  it('keeps constants apart that differ in type or shape only', () => {
    const op = new Ops(new Graph())
    const constants = [op.scalar(1), op.index(1), op.index([1]), op.bool(true), op.scalar(-1)]
    expect(new Set(constants).size).toBe(5)
  })
})

describe('a loop', () => {
  /** Running sums of x, stopped once they exceed a limit. */
  async function runningSums(x: readonly number[], limit: number): Promise<{sums: number[]; last: number}> {
    const op = new Ops(new Graph())
    const values = op.input('x', [x.length])
    const most = op.input('limit', [])
    const {carried, scanned} = op.loop(op.index(x.length), [op.scalar(0)], (body, trip, [sum]) => {
      const next = body.add(sum, body.gather(values, trip))
      return {goOn: body.not(body.less(most, next)), carried: [next], scanned: [next]}
    })
    op.graph.output('last', carried[0])
    op.graph.output('sums', scanned[0])
    const session = await Session.compile(op.graph, {device: 'cpu', threads: 1})
    const outputs = await session.run({x: Float32Array.from(x), limit: Float32Array.of(limit)})
    await session.release()
    return {sums: Array.from(outputs.sums as Float32Array), last: Number(outputs.last[0])}
  }

  it('carries values and stacks what it scans, seeing values from outside', async () => {
    expect(await runningSums([1, 2, 3, 4], 100)).toEqual({sums: [1, 3, 6, 10], last: 10})
  })

  it('ends when its body says so', async () => {
    expect(await runningSums([1, 2, 3, 4], 2.5)).toEqual({sums: [1, 3], last: 3})
  })

  it('may hold another, whose body sees what the outer one carries', async () => {
    const op = new Ops(new Graph())
    const start = op.input('start', [])
    const {carried} = op.loop(op.index(2), [start, start], (outer, trip, [sum, first]) => {
      const inner = outer.loop(op.index(3), [first], (body, at, [value]) => ({
        goOn: body.bool(true),
        // Both loops' counters, and a value that only the outer one carries.
        carried: [body.add(body.add(value, sum), body.cast(body.add(body.mul(trip, op.index(10)), at), 'float32'))],
        scanned: [],
      }))
      return {goOn: outer.bool(true), carried: [inner.carried[0], first], scanned: []}
    })
    op.graph.output('y', carried[0])
    const session = await Session.compile(op.graph, {device: 'cpu', threads: 1})
    const {y} = await session.run({start: Float32Array.of(1)})
    await session.release()
    // 1 + 3 * 1 + (0 + 1 + 2) = 7; then 1 + 3 * 7 + (10 + 11 + 12).
    expect(Array.from(y as Float32Array)).toEqual([55])
  })
})
