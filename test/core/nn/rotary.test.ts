import {describe, expect, it} from 'vitest'
import {rotaryRows, rotaryTables, rotate} from '../../../src/core/nn/rotary.js'
import {Graph} from '../../../src/core/onnx/graph.js'
import {Ops} from '../../../src/core/onnx/ops.js'
import type {FloatType, Value} from '../../../src/core/onnx/types.js'
import {Session} from '../../../src/core/runtime/session.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {turn} from '../../support/reference-decoder.js'

const [heads, size, theta] = [3, 8, 100]
const positions = [0, 5, 1, 31, 5]
const sampler = new Sampler(streamSeed(1, 'rotary'))
const x = Float64Array.from({length: positions.length * heads * size}, () => sampler.normal())

type Rotation = (op: Ops, x: Value, rows: {cos: Value; sin: Value}) => Value

async function rotated(float: FloatType, rotation: Rotation): Promise<number[]> {
  const op = new Ops(new Graph(), float)
  const at = op.indexInput('positions', [positions.length])
  const rows = rotaryRows(op, at, op.input('cos', [32, size]), op.input('sin', [32, size]))
  op.graph.output('y', rotation(op, op.input('x', [positions.length, heads, size]), rows))
  const session = await Session.compile(op.graph, {device: 'cpu', threads: 1})
  const Floats = float === 'float32' ? Float32Array : Float64Array
  const {cos, sin} = rotaryTables(32, size, theta)
  const floats = {x: Floats.from(x), cos: Floats.from(cos), sin: Floats.from(sin)}
  const {y} = await session.run({...floats, positions: BigInt64Array.from(positions, BigInt)})
  await session.release()
  return Array.from(y, Number)
}

/** x cos + concat(-second half, first half) sin, as Hugging Face writes it. */
const bySliceAndConcat: Rotation = (op, value, {cos, sin}) => {
  const [first, second] = op.split(value, -1, [size / 2, size / 2])
  return op.add(op.mul(value, cos), op.mul(op.concat([op.neg(second), first], -1), sin))
}

describe('rotary embedding by a signed permutation', () => {
  it('equals slice and concat bit for bit in float32', async () => {
    expect(await rotated('float32', rotate)).toEqual(await rotated('float32', bySliceAndConcat))
  })

  it('equals the rotation of the book at each position', async () => {
    const actual = await rotated('float64', rotate)
    const expected = positions.flatMap((position, row) =>
      Array.from({length: heads}, (_, head) => {
        const start = (row * heads + head) * size
        return turn(Array.from(x.subarray(start, start + size)), position, theta)
      }).flat(),
    )
    actual.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 12)
    })
  })

  it('leaves position 0 as it is', async () => {
    const [first] = [(await rotated('float64', rotate)).slice(0, heads * size)]
    expect(first).toEqual(Array.from(x.subarray(0, heads * size)))
  })
})
