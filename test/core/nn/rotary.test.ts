import {describe, expect, it} from 'vitest'
import {rotaryRows, rotaryTables, rotate} from '../../../src/core/nn/rotary.js'
import type {RotaryScaling} from '../../../src/core/nn/rotary-scaling.js'
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

const yarn = {type: 'yarn', fastTurns: 32, slowTurns: 1, wholeBounds: true} as const

/**
 * Frequencies by index, and cosine and sine of position 99,999 (4,095 where the angles of a longer sequence are others), as
 * transformers 4.57.6 and 5.23.0 print them.
 */
const printed: [string, number, number, RotaryScaling, [number, number][], [number, number, number][]][] = [
  [
    'SmolLM2',
    64,
    100000,
    {type: 'default'},
    [
      [1, 0.6978305578231812],
      [12, 0.01333521492779255],
      [31, 1.4330126759887207e-5],
    ],
    [
      [1, 0.26426607370376587, 0.9644498229026794],
      [12, 0.09774641692638397, 0.9952113628387451],
    ],
  ],
  [
    'Llama 3.1 8B',
    128,
    500000,
    {type: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, trainedPositions: 8192},
    [
      [1, 0.8146172165870667],
      [28, 0.0032114461064338684],
      [30, 0.0013718936825171113],
      [32, 0.0005248460220173001],
      [34, 0.0001785077911335975],
      [63, 3.068925877869333e-7],
    ],
    [
      [1, 0.8302403688430786, -0.5574055314064026],
      [30, 0.5044312477111816, -0.8634518980979919],
    ],
  ],
  [
    'Llama 3.2 1B',
    64,
    500000,
    {type: 'llama3', factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, trainedPositions: 8192},
    [
      [14, 0.0032114461064338684],
      [16, 0.000429556705057621],
      [18, 1.9461638657958247e-5],
    ],
    [[14, 0.7655263543128967, 0.643404483795166]],
  ],
  [
    'Llama 2 stretched by 4',
    128,
    10000,
    {type: 'linear', factor: 4},
    [
      [0, 0.25],
      [30, 0.0033338037319481373],
      [63, 2.8869548259535804e-5],
    ],
    [[28, 0.030034169554710388, -0.9995488524436951]],
  ],
  [
    'Qwen2.5 7B by YaRN',
    128,
    1000000,
    {...yarn, factor: 4, trainedPositions: 32768, attentionFactor: 1.138629436111989},
    [
      [1, 0.8058422207832336],
      [20, 0.01333521492779255],
      [30, 0.0010643609566614032],
      [40, 4.4456985051510856e-5],
      [63, 3.102344408034696e-7],
    ],
    [
      [1, 0.009448699653148651, 1.1385902166366577],
      [30, 1.0577752590179443, -0.42141255736351013],
      [40, -0.30012378096580505, -1.0983636379241943],
    ],
  ],
  [
    'YaRN with bounds between two waves',
    64,
    10000,
    {
      ...yarn,
      factor: 16,
      fastTurns: 20,
      slowTurns: 2,
      trainedPositions: 2048,
      wholeBounds: false,
      attentionFactor: 1.121751143713058,
    },
    [
      [1, 0.7498942017555237],
      [8, 0.10000000149011612],
      [12, 0.023088186979293823],
      [16, 0.0026136254891753197],
      [31, 8.33450940262992e-6],
    ],
    [
      [1, 0.4635738432407379, -1.0214817523956299],
      [12, -1.079617977142334, 0.304549902677536],
      [16, -0.9208949208259583, -0.6405297517776489],
    ],
  ],
  [
    'dynamic scaling by 2.7',
    64,
    10000,
    {type: 'dynamic', longestSequence: 4096},
    [
      [1, 0.7498942017555237],
      [31, 0.0001333521504420787],
    ],
    [
      [1, -0.09004636108875275, -0.9959375858306885],
      [12, -0.7712547779083252, -0.6365265846252441],
    ],
  ],
  [
    'LongRoPE',
    64,
    10000,
    {
      type: 'longrope',
      factors: Array.from({length: 32}, (_, i) => 1 + i / 8),
      attentionFactor: 1.1902380714238083,
      longestSequence: 4096,
    },
    [
      [0, 1],
      [1, 0.6665725708007812],
      [12, 0.012649111449718475],
      [31, 2.7354288249625824e-5],
    ],
    [
      [1, -1.0822476148605347, 0.4953854978084564],
      [12, 0.04541776701807976, 1.1893712282180786],
    ],
  ],
]

describe('frequencies and angles are those of transformers in float32', () => {
  it.each(printed)('%s', (_, headSize, base, scaling, frequencies, angles) => {
    const {cos, sin} = rotaryTables(100_000, headSize, base, scaling)
    // At position 1 the angle is the frequency.
    for (const [i, expected] of frequencies)
      expect(Math.abs(Math.atan2(sin[headSize + i], cos[headSize + i]) / expected - 1)).toBeLessThan(1e-7)
    for (const [i, cosine, sine] of angles) {
      const at = ('longestSequence' in scaling ? scaling.longestSequence - 1 : 99_999) * headSize + i
      for (const half of [0, headSize / 2]) {
        expect(cos[at + half]).toBeCloseTo(cosine, 6)
        expect(sin[at + half]).toBeCloseTo(sine, 6)
      }
    }
  })

  it.each(printed)('%s, in rows that do not depend on how many there are', (_, headSize, base, scaling) => {
    const [long, short] = [5000, 40].map((length) => rotaryTables(length, headSize, base, scaling))
    expect(short.cos).toEqual(long.cos.subarray(0, 40 * headSize))
    expect(short.sin).toEqual(long.sin.subarray(0, 40 * headSize))
  })
})
