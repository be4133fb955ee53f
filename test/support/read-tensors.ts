import {sizeOf} from '../../src/core/util/shape.js'
import {SafetensorsFile} from '../../src/core/weights/index.js'

/** The tensors of a safetensors file by name, in the order of their bytes, read as the product reads weights. */
export function readTensors(path: string) {
  const file = SafetensorsFile.open(path)
  try {
    const tensors = [...file.entries].map(([name, {dtype, shape}]) => {
      const data = new Float32Array(sizeOf(shape))
      for (const {offset, values} of file.pieces(name)) data.set(values, offset)
      return [name, {dtype, shape, data}] as const
    })
    return new Map(tensors)
  } finally {
    file.close()
  }
}
