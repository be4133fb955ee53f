interface FloatDtype {
  /** Bytes per value. */
  readonly size: number
  /** Fills `target` from little-endian values at the start of `bytes`. */
  widen(bytes: ArrayBuffer, target: Float32Array): void
}

/** Each floating dtype of the safetensors format that `rpt` reads; all become float32. */
export const floatDtypes = {
  F32: {size: 4, widen: (bytes, target) => target.set(new Float32Array(bytes, 0, target.length))},
  F16: {size: 2, widen: widenHalves},
  BF16: {size: 2, widen: widenBrainFloats},
  F64: {size: 8, widen: (bytes, target) => target.set(new Float64Array(bytes, 0, target.length))},
} as const satisfies Record<string, FloatDtype>

/** Bytes per value of the dtypes that a file may hold besides; their values are never read. */
const otherDtypes = {I32: 4, I64: 8, U8: 1, BOOL: 1} as const

/** A floating dtype that can be read. */
export type FloatDtypeName = keyof typeof floatDtypes
/** A dtype of safetensors that a file may hold. */
export type DtypeName = FloatDtypeName | keyof typeof otherDtypes

/** Dtypes of safetensors that weights are quantised to: their values mean nothing without scales. */
export const quantisedDtypes: ReadonlySet<string> = new Set(
  'I8 F4 F6_E2M3 F6_E3M2 F8_E4M3 F8_E5M2 F8_E8M0 F8_E4M3FNUZ F8_E5M2FNUZ'.split(' '),
)

/** Bytes per value of every dtype that a file may hold. */
export const dtypeSizes = {
  ...Object.fromEntries(Object.entries(floatDtypes).map(([name, {size}]) => [name, size])),
  ...otherDtypes,
} as Readonly<Record<DtypeName, number>>

/** Whether values of a dtype become float32. */
export function isFloatDtype(name: DtypeName): name is FloatDtypeName {
  return Object.hasOwn(floatDtypes, name)
}

/** A bfloat16 is the upper half of a float32. */
function widenBrainFloats(bytes: ArrayBuffer, target: Float32Array): void {
  const halves = new Uint16Array(bytes, 0, target.length)
  const words = new Uint32Array(target.buffer, target.byteOffset, target.length)
  for (let i = 0; i < halves.length; i++) words[i] = halves[i] << 16
}

let halfTable: Float32Array | undefined

function widenHalves(bytes: ArrayBuffer, target: Float32Array): void {
  halfTable ??= Float32Array.from({length: 2 ** 16}, (_, bits) => halfToNumber(bits))
  const table = halfTable
  const halves = new Uint16Array(bytes, 0, target.length)
  for (let i = 0; i < halves.length; i++) target[i] = table[halves[i]]
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
