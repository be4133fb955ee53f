import {sizeOf} from '../util/shape.js'
import type {DType, OpNode, TensorType} from './types.js'

/** A tensor that is in memory at some moment. */
export interface LiveTensor extends TensorType {
  /** Name of the node that computes it, with its scopes. */
  readonly name: string
  readonly bytes: number
}

/** Bytes of one element. */
export const elementBytes: Readonly<Record<DType, number>> = {float16: 2, float32: 4, float64: 8, int64: 8, bool: 1}

/** Bytes of a tensor. */
export function tensorBytes({dtype, shape}: TensorType): number {
  return elementBytes[dtype] * sizeOf(shape)
}

/** A tensor, or so many of it, that a node holds. */
export function tensorOf({name}: OpNode, {dtype, shape}: TensorType, count = 1): LiveTensor {
  return {name, dtype, shape, bytes: count * tensorBytes({dtype, shape})}
}
