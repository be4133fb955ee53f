/** Values of a block: few blocks lie where the running sum doubles. */
const blockValues = 2 ** 18
/** Of so many values one tells how large the squares of a block are; a prime, so that it meets every column of a matrix. */
const sampledEvery = 251
/** The last bit of a float64 between 1 and 2. */
const lastBit = 2 ** -52

/** A gradient, and what is known of the sum of squares at each of its blocks. */
export interface SquaredTensor {
  readonly gradient: Float32Array
  /** The power of two at or below the running sum where a block begins: a guess, [blocks]. */
  readonly powers: Float64Array
  /** What a block adds to a running sum there whose last bit is 0, and to one whose last bit is 1, [blocks] each. */
  readonly increments: readonly [even: Float64Array, odd: Float64Array]
}

/** Gradients whose blocks are summed. */
export interface SquaresJob {
  readonly tensors: readonly SquaredTensor[]
}

// Loops read the length of an array once: when memory has moved between threads, V8 would read it at each step, at twice the time.

/** The sum of all squares, one after the other, each rounded to float64 as it is added. */
export function sumOfSquares(gradients: Iterable<Float32Array>): number {
  let sum = 0
  for (const gradient of gradients) sum = addSquares(sum, gradient)
  return sum
}

/** Lays gradients out in blocks, with guesses from a few of their values. */
export function layOutSquares(gradients: Iterable<Float32Array>): SquaresJob {
  let guess = 0
  const tensors = Array.from(gradients, (gradient): SquaredTensor => {
    const powers = Float64Array.from(blocksOf(gradient), (block) => {
      const power = 2 ** Math.floor(Math.log2(guess))
      for (let i = 0; i < block.length; i += sampledEvery) guess += sampledEvery * block[i] * block[i]
      return power
    })
    return {gradient, powers, increments: [new Float64Array(powers.length), new Float64Array(powers.length)]}
  })
  return {tensors}
}

/** Fills what each block adds. */
export function sumBlocks({tensors}: SquaresJob): void {
  for (const {gradient, powers, increments} of tensors)
    for (const [i, block] of blocksOf(gradient).entries()) sumBlock(block, powers[i], increments, i)
}

/** Both sums in one pass. */
function sumBlock(block: Float32Array, power: number, [evens, odds]: SquaredTensor['increments'], index: number): void {
  const afterPower = power * (1 + lastBit)
  const {length} = block
  let even = power
  let odd = afterPower
  for (let i = 0; i < length; i++) {
    const square = block[i] * block[i]
    even += square
    odd += square
  }
  evens[index] = even - power
  odds[index] = odd - afterPower
}

/**
 * `sumOfSquares`, bit for bit, from what the blocks add. Between a power of two and the next, float64 lie evenly: a sum
 * there is rounded as any other whose last bit is the same. A block is summed anew where the guess was wrong, or the sum
 * reaches the next power within it.
 */
export function joinBlocks({tensors}: SquaresJob): number {
  let sum = 0
  for (const {gradient, powers, increments} of tensors)
    for (const [i, block] of blocksOf(gradient).entries()) {
      const power = powers[i]
      const bit = (sum / (power * lastBit)) % 2
      const end = sum + increments[bit === 1 ? 1 : 0][i]
      sum = power <= sum && end < 2 * power ? end : addSquares(sum, block)
    }
  return sum
}

function addSquares(start: number, values: Float32Array): number {
  const {length} = values
  let sum = start
  for (let i = 0; i < length; i++) sum += values[i] * values[i]
  return sum
}

function blocksOf(values: Float32Array): Float32Array[] {
  const count = Math.ceil(values.length / blockValues)
  return Array.from({length: count}, (_, i) => values.subarray(i * blockValues, (i + 1) * blockValues))
}
