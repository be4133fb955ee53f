import {describe, expect, it} from 'vitest'
import {philox4x32, Sampler, streamSeed, uniform} from '../../../src/core/util/rng.js'

const hex = (words: Uint32Array) => [...words].map((word) => word.toString(16).padStart(8, '0')).join(' ')

describe('Philox-4x32-10', () => {
  it('gives the published known answers', () => {
    expect(hex(philox4x32([0, 0, 0, 0], 0, 0))).toBe('6627e8d5 e169c58d bc57ac4c 9b00dbd8')
    const ones = 0xffffffff
    expect(hex(philox4x32([ones, ones, ones, ones], ones, ones))).toBe('408f276d 41c83b0e a20bc7c6 6d5451fd')
    expect(hex(philox4x32([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], 0xa4093822, 0x299f31d0))).toBe(
      'd16cfe09 94fdcceb 5001e420 24126ea1',
    )
  })
})

describe('streams', () => {
  it('are the same for the same keys and differ in any key', () => {
    expect(streamSeed(1, 'rollout', 2)).toEqual(streamSeed(1, 'rollout', 2))
    const first = uniform(streamSeed(1, 'rollout', 2), 0)
    expect(uniform(streamSeed(1, 'rollout', 3), 0)).not.toBe(first)
    expect(uniform(streamSeed(2, 'rollout', 2), 0)).not.toBe(first)
    expect(uniform(streamSeed(1, 'rollout2'), 0)).not.toBe(first)
  })

  it('give uniforms that float32 holds exactly, with the right mean and variance', () => {
    const stream = streamSeed(0, 'moments')
    const values = Array.from({length: 20000}, (_, i) => uniform(stream, i))
    expect(values.every((value) => value >= 0 && value < 1 && Math.fround(value) === value)).toBe(true)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    expect(mean).toBeCloseTo(1 / 2, 2)
    expect(variance).toBeCloseTo(1 / 12, 2)
  })

  it('sample normals with unit variance and shuffle without loss', () => {
    const sampler = new Sampler(streamSeed(0, 'normal'))
    const values = Array.from({length: 20000}, () => sampler.normal())
    expect(values.reduce((sum, value) => sum + value * value, 0) / values.length).toBeCloseTo(1, 1)
    const shuffled = sampler.shuffle(Array.from({length: 100}, (_, i) => i))
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(Array.from({length: 100}, (_, i) => i))
  })
})
