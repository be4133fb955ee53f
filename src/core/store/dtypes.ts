/** Arrays that a tensor's values come back in. */
export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array

interface Dtype<D extends TensorData> {
  /** Bytes per value. */
  readonly size: number
  /** Little-endian bytes of a buffer of their own -> values. */
  read(bytes: Uint8Array<ArrayBuffer>): D
}

/** Each dtype of the safetensors format that `rpt` reads; all floating ones become float32. */
export const dtypes = {
  F32: {size: 4, read: (bytes) => new Float32Array(bytes.buffer)} as Dtype<Float32Array>,
  F16: {size: 2, read: (bytes) => widenHalves(new Uint16Array(bytes.buffer))} as Dtype<Float32Array>,
  BF16: {size: 2, read: (bytes) => widenBrainFloats(new Uint16Array(bytes.buffer))} as Dtype<Float32Array>,
  F64: {size: 8, read: (bytes) => Float32Array.from(new Float64Array(bytes.buffer))} as Dtype<Float32Array>,
  I32: {size: 4, read: (bytes) => new Int32Array(bytes.buffer)} as Dtype<Int32Array>,
  I64: {size: 8, read: (bytes) => new BigInt64Array(bytes.buffer)} as Dtype<BigInt64Array>,
  U8: {size: 1, read: (bytes) => bytes} as Dtype<Uint8Array>,
}

/** A dtype of safetensors that can be read. */
export type DtypeName = keyof typeof dtypes

/** A bfloat16 is the upper half of a float32. */
function widenBrainFloats(halves: Uint16Array): Float32Array {
  const words = new Uint32Array(halves.length)
  for (let i = 0; i < halves.length; i++) words[i] = halves[i] << 16
  return new Float32Array(words.buffer)
}

let halfTable: Float32Array | undefined

function widenHalves(halves: Uint16Array): Float32Array {
  halfTable ??= Float32Array.from({length: 2 ** 16}, (_, bits) => halfToNumber(bits))
  const values = new Float32Array(halves.length)
  for (let i = 0; i < halves.length; i++) values[i] = halfTable[halves[i]]
  return values
}

/** Value of an IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  if (exponent === 0) return sign * fraction * 2 ** -24
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
