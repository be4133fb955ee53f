import {expect, it} from 'vitest'
import {Graph} from '../../../src/core/onnx/graph.js'
import {Ops} from '../../../src/core/onnx/ops.js'
import {halfCopyOf, keepHalfCopy, takeHalfCopy, valuesChanged} from '../../../src/core/runtime/half-copies.js'
import {Session} from '../../../src/core/runtime/session.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {floatDtypes} from '../../../src/core/weights/dtypes.js'

/** Every float16, the float32 beside each, those half-way to the next and beside these, what overflows, subnormals, random bits. */
function edgeCases(): Float32Array {
  const halves = new Float32Array(2 ** 16)
  floatDtypes.F16.widen(Uint16Array.from({length: 2 ** 16}, (_, bits) => bits).buffer, halves)
  const middles = halves.map((value, bits) => (value + (halves[bits + 1] ?? value)) / 2)
  const around = [halves, middles].flatMap((values) => {
    const bits = new Uint32Array(values.buffer)
    return [values, ...[-1, 1].map((step) => new Float32Array(bits.map((word) => word + step).buffer))]
  })
  const sampler = new Sampler(streamSeed(9, 'halves'))
  const random = Uint32Array.from(
    {length: 2 ** 18},
    () => sampler.integer(2 ** 16) * 2 ** 16 + sampler.integer(2 ** 16),
  )
  const beyond = [65_504, 65_519.996, 65_520, 65_536, 3.4e38, Number.POSITIVE_INFINITY, Number.NaN, 2 ** -149, 2 ** -25]
  const all = [...around, new Float32Array(random.buffer), Float32Array.from([...beyond, ...beyond.map((one) => -one)])]
  return Float32Array.from(all.flatMap((values) => [...values]))
}

it('rounds every edge case as the Cast of a graph does', async () => {
  const values = edgeCases()
  const op = new Ops(new Graph())
  const [half] = op.graph.emit('Cast', [op.input('x', [values.length])], {to: 'float16'})
  op.graph.output('half', half)
  const session = await Session.compile(op.graph, {device: 'cpu', threads: 1})
  const {half: expected} = await session.run({x: values})
  await session.release()
  const bits = new Uint16Array(expected.buffer, expected.byteOffset, values.length)
  const isNan = (one: number) => (one & 0x7fff) > 0x7c00
  const copy = halfCopyOf(values)
  const differing = [...copy.keys()].filter((i) => copy[i] !== bits[i] && !(isNan(copy[i]) && isNan(bits[i])))
  expect(differing.map((i) => [values[i], copy[i], bits[i]])).toEqual([])
  // None is missed: all values of float16 occur.
  expect(new Set([...copy].filter((one) => !isNan(one))).size).toBe(2 * 0x7c01)
})

it('is made once, and again in the same memory when values have changed', () => {
  const values = Float32Array.of(1, 2)
  const copy = halfCopyOf(values)
  expect([...copy]).toEqual([0x3c00, 0x4000])
  values[0] = 2
  expect([...halfCopyOf(values)]).toEqual([0x3c00, 0x4000])
  valuesChanged(values)
  expect(halfCopyOf(values)).toBe(copy)
  expect([...copy]).toEqual([0x4000, 0x4000])
})

it('goes with values that move, and is not made again there', () => {
  const values = Float32Array.of(1, 2)
  expect(takeHalfCopy(values)).toBeUndefined()
  const copy = halfCopyOf(values)
  expect(takeHalfCopy(values)).toBe(copy)
  // What was left behind is nobody's.
  expect(halfCopyOf(values)).not.toBe(copy)
  const moved = Float32Array.of(7, 7)
  keepHalfCopy(moved, copy)
  expect(halfCopyOf(moved)).toBe(copy)
  expect([...copy]).toEqual([0x3c00, 0x4000])
})
