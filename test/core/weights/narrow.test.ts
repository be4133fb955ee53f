import {describe, expect, it} from 'vitest'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {floatDtypes} from '../../../src/core/weights/dtypes.js'
import {narrowings} from '../../../src/core/weights/narrow.js'

const all = Uint16Array.from({length: 2 ** 16}, (_, bits) => bits)

describe.each(['BF16', 'F16'] as const)('%s', (dtype) => {
  const {narrow} = narrowings[dtype]
  const widened = new Float32Array(all.length)
  floatDtypes[dtype].widen(all.slice().buffer, widened)
  /** Positive finite values, ascending with their bits. */
  const ladder = [...widened.subarray(0, widened.indexOf(Number.POSITIVE_INFINITY))]

  const rounded = (values: readonly number[]) => {
    const target = new Uint16Array(values.length)
    expect(narrow(Float32Array.from(values), target)).toBe(-1)
    return [...target]
  }

  it('keeps each of its own values, infinities and NaN included', () => {
    const target = new Uint16Array(all.length)
    expect(narrow(widened, target)).toBe(-1)
    for (const bits of all) {
      if (Number.isNaN(widened[bits]))
        expect(rounded([Number.NaN]).some((nan) => Number.isNaN(widened[nan]))).toBe(true)
      else if (target[bits] !== bits) expect(target[bits], String(widened[bits])).toBe(bits)
    }
    expect(
      [...target].filter((_, bits) => Number.isNaN(widened[bits])).every((bits) => Number.isNaN(widened[bits])),
    ).toBe(true)
  })

  it('rounds to the nearer neighbour, and half-way to the even one', () => {
    const up: number[] = []
    const down: number[] = []
    const half: number[] = []
    for (let bits = 0; bits + 1 < ladder.length; bits++) {
      const middle = (ladder[bits] + ladder[bits + 1]) / 2
      // Subnormal float32 have no value between some neighbours.
      const step = Math.max(middle * 2 ** -23, 2 ** -149)
      half.push(middle)
      down.push(Math.min(middle - step, middle))
      up.push(Math.max(middle + step, middle))
    }
    const lower = half.map((_, bits) => bits)
    expect(rounded(half)).toEqual(lower.map((bits) => bits + (bits % 2)))
    expect(rounded(down)).toEqual(lower)
    expect(rounded(up)).toEqual(lower.map((bits) => bits + 1))
    expect(rounded(up.map((value) => -value))).toEqual(lower.map((bits) => 0x8000 + bits + 1))
  })

  it('never takes a value farther than the neighbours: 20,000 random bits', () => {
    const sampler = new Sampler(streamSeed(5, 'floats'))
    const words = Uint32Array.from(
      {length: 20_000},
      () => sampler.integer(2 ** 16) * 2 ** 16 + sampler.integer(2 ** 16),
    )
    const largest = ladder.at(-1)!
    const values = [...new Float32Array(words.buffer)].filter((value) => Math.abs(value) < largest)
    for (const [i, bits] of rounded(values).entries()) {
      const distance = Math.abs(widened[bits] - values[i])
      const beside = [bits - 1, bits + 1].map((other) => Math.abs(widened[other] - values[i]))
      if (beside.some((other) => other < distance)) expect.fail(`${values[i]} became ${widened[bits]}`)
    }
  })

  it('says where a finite value has no place', () => {
    const largest = ladder.at(-1)!
    const beyond = largest + (largest - ladder.at(-2)!) / 2
    const target = new Uint16Array(2)
    expect(narrow(Float32Array.of(1, beyond), target)).toBe(1)
    expect(narrow(Float32Array.of(-beyond, 1), target)).toBe(0)
    expect(rounded([beyond * (1 - 2 ** -23)])).toEqual([ladder.length - 1])
  })
})
