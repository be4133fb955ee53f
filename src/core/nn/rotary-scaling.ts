/**
 * How frequencies are stretched for contexts longer than the model was first trained on. Adding a kind is adding a row to
 * `stretch`.
 */
export type RotaryScaling =
  | {readonly type: 'default'}
  /** Position interpolation (Chen et al. 2023, arXiv 2306.15595): every frequency divided by `factor`. */
  | {readonly type: 'linear'; readonly factor: number}
  /** NTK-aware: the base grows with sequences beyond `longestSequence`; up to there frequencies are plain. */
  | {readonly type: 'dynamic'; readonly longestSequence: number}
  /**
   * By parts (Llama 3.1, Dubey et al. 2024, arXiv 2407.21783; the rule is that of its published code): a wave that turns
   * more than `highFrequencyFactor` times within `trainedPositions` is kept, one that turns fewer than
   * `lowFrequencyFactor` times is divided by `factor`, and between them the two are mixed.
   */
  | {
      readonly type: 'llama3'
      readonly factor: number
      readonly lowFrequencyFactor: number
      readonly highFrequencyFactor: number
      readonly trainedPositions: number
    }
  /**
   * YaRN (Peng et al. 2023, arXiv 2309.00071): a wave that turns `fastTurns` times within `trainedPositions` is kept, one
   * that turns `slowTurns` times is divided by `factor`, and those between are mixed by their index.
   */
  | {
      readonly type: 'yarn'
      readonly factor: number
      readonly fastTurns: number
      readonly slowTurns: number
      readonly trainedPositions: number
      /** Bounds of the mixed waves are whole indices. */
      readonly wholeBounds: boolean
      /** Cosines and sines are multiplied by it. */
      readonly attentionFactor: number
    }
  /**
   * LongRoPE (Ding et al. 2024, arXiv 2402.13753): each frequency divided by a factor of its own, [D/2]; sequences beyond
   * `longestSequence` would have other factors.
   */
  | {
      readonly type: 'longrope'
      readonly factors: readonly number[]
      readonly attentionFactor: number
      readonly longestSequence: number
    }

/** One pair of a head before stretching, in float32. */
interface Wave {
  readonly index: number
  readonly headSize: number
  readonly theta: number
  /** Positions per radian: theta^(2i/D). */
  readonly period: number
  /** Radians per position. */
  readonly frequency: number
}

type Stretch<T extends RotaryScaling['type']> = (wave: Wave, scaling: Extract<RotaryScaling, {type: T}>) => number

const round = Math.fround

const stretch: {readonly [T in RotaryScaling['type']]: Stretch<T>} = {
  default: ({frequency}) => frequency,
  linear: ({frequency}, {factor}) => round(frequency / factor),
  dynamic: ({frequency}) => frequency,
  llama3: ({frequency}, {factor, lowFrequencyFactor, highFrequencyFactor, trainedPositions}) => {
    const wavelength = round(round(2 * Math.PI) / frequency)
    if (wavelength < trainedPositions / highFrequencyFactor) return frequency
    if (wavelength > trainedPositions / lowFrequencyFactor) return round(frequency / factor)
    const turns = round(trainedPositions / wavelength)
    const kept = round(round(turns - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor))
    return round(round(round(round(1 - kept) * frequency) / factor) + round(kept * frequency))
  },
  yarn: ({index, headSize, theta, period, frequency}, scaling) => {
    const [low, high] = mixedWaves(headSize, theta, scaling)
    const share = round(round(index - round(low)) / round(high - low))
    const kept = round(1 - Math.min(Math.max(share, 0), 1))
    const divided = round(1 / round(round(scaling.factor) * period))
    return round(round(divided * round(1 - kept)) + round(frequency * kept))
  },
  longrope: ({index, period}, {factors}) => round(1 / round(round(factors[index]) * period)),
}

/** Indices of the waves that turn `fastTurns` and `slowTurns` times; never equal, so that a share between them exists. */
function mixedWaves(
  headSize: number,
  theta: number,
  {fastTurns, slowTurns, trainedPositions, wholeBounds}: Extract<RotaryScaling, {type: 'yarn'}>,
): [low: number, high: number] {
  const indexOf = (turns: number) =>
    (headSize * Math.log(trainedPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta))
  const [fast, slow] = [indexOf(fastTurns), indexOf(slowTurns)]
  const low = Math.max(wholeBounds ? Math.floor(fast) : fast, 0)
  const high = Math.min(wholeBounds ? Math.ceil(slow) : slow, headSize - 1)
  return [low, low === high ? high + 0.001 : high]
}

/**
 * Radians per position of each pair of a head, [D/2]: theta^(-2i/D), stretched.
 *
 * Every intermediate value is rounded to float32, as transformers computes them: at position 100,000 an exact angle
 * would differ from the one that the model was trained with by up to 0.005 radians.
 */
export function rotaryFrequencies(headSize: number, theta: number, scaling: RotaryScaling): Float32Array {
  const stretched = stretch[scaling.type] as (wave: Wave, scaling: RotaryScaling) => number
  return Float32Array.from({length: headSize / 2}, (_, index) => {
    const period = round(round(theta) ** round((2 * index) / headSize))
    return stretched({index, headSize, theta, period, frequency: round(1 / period)}, scaling)
  })
}
