import {GraphError} from '../util/errors.js'
import type {Constant, Graph} from './graph.js'
import {liveNodes} from './live-nodes.js'
import {ModelProto} from './onnx-schema.js'
import {type IndexConstant, opSpecs} from './op-specs.js'
import type {ConstantType, DType, OpNode, Value} from './types.js'

const elementType: Readonly<Record<DType, number>> = {float32: 1, int64: 7, bool: 9, float16: 10, float64: 11}
const attributeType = {float: 1, int: 2, string: 3, graph: 5, ints: 7}
const floatAttributes = new Set(['alpha'])

/** Serialises a graph as an ONNX model (opset 18 and Microsoft's operators, IR version 8). */
export function encodeModel(graph: Graph): Uint8Array {
  const model = {
    irVersion: 8,
    producerName: 'rpt',
    opsetImport: [
      {domain: '', version: 18},
      {domain: 'com.microsoft', version: 1},
    ],
    graph: new GraphEncoder(graph).encode('main'),
  }
  return ModelProto.encode(ModelProto.fromObject(model)).finish()
}

class GraphEncoder {
  private readonly indexConstants = new Map<string, object>()

  constructor(
    private readonly graph: Graph,
    private readonly parent?: GraphEncoder,
  ) {}

  encode(name: string): object {
    const nodes = liveNodes(this.graph).map((node) => this.node(node))
    const aliases = this.graph.outputs.map(({name: alias, value}) => ({
      opType: 'Identity',
      name: `output/${alias}`,
      input: [value.name],
      output: [this.outputName(alias)],
      attribute: [],
    }))
    return {
      name,
      node: [...nodes, ...aliases],
      input: this.graph.inputs.map((input) => valueInfo(input)),
      // Shapes of outputs are left to onnxruntime: what a Loop scans has as many trips as it took.
      output: this.graph.outputs.map(({name: alias, value}) => ({
        name: this.outputName(alias),
        type: {tensorType: {elemType: elementType[value.dtype]}},
      })),
      initializer: [...this.graph.constants.map(constantTensor), ...this.indexConstants.values()],
    }
  }

  private outputName = (alias: string) => `${'body/'.repeat(this.graph.depth)}${alias}`

  private node(node: OpNode): object {
    const spec = opSpecs[node.op] as (typeof opSpecs)['Reshape']
    const attrs = node.attrs as never
    const constants = spec.constants?.(attrs, node.inputs) ?? []
    const attributes = spec.attributes?.(attrs) ?? (node.attrs as Record<string, unknown>)
    return {
      opType: node.op,
      domain: spec.domain ?? '',
      name: node.name,
      input: [...node.inputs.map((input) => input.name), ...constants.map((constant) => this.indexConstant(constant))],
      output: node.outputs.map((output) => output.name),
      attribute: Object.entries(attributes).map(([name, value]) => this.attribute(name, value)),
    }
  }

  private indexConstant(constant: IndexConstant): string {
    if (this.parent) return this.parent.indexConstant(constant)
    const name = typeof constant === 'number' ? `index_${constant}` : `indices_${constant.join('_')}`
    const data = typeof constant === 'number' ? [constant] : constant
    const dims = typeof constant === 'number' ? [] : [constant.length]
    this.indexConstants.set(name, {name, dims, dataType: elementType.int64, rawData: rawBytes('int64', data)})
    return name
  }

  private attribute(name: string, value: unknown): object {
    if (name === 'to') return {name, type: attributeType.int, i: elementType[value as DType]}
    if (name === 'body') {
      return {name, type: attributeType.graph, g: new GraphEncoder(value as Graph, this).encode('body')}
    }
    if (typeof value === 'string') return {name, type: attributeType.string, s: Buffer.from(value)}
    if (Array.isArray(value)) return {name, type: attributeType.ints, ints: value}
    if (typeof value !== 'number') throw new GraphError(`attribute ${name} has no ONNX form: ${String(value)}`)
    return floatAttributes.has(name)
      ? {name, type: attributeType.float, f: value}
      : {name, type: attributeType.int, i: value}
  }
}

function valueInfo({name, dtype, shape}: Value): object {
  const dim = shape.map((dimValue) => ({dimValue}))
  return {name, type: {tensorType: {elemType: elementType[dtype], shape: {dim}}}}
}

function constantTensor({value, data}: Constant): object {
  return {
    name: value.name,
    dims: value.shape,
    dataType: elementType[value.dtype],
    rawData: rawBytes(value.dtype, data),
  }
}

function rawBytes(dtype: ConstantType, data: readonly number[]): Uint8Array {
  const arrays = {
    float32: () => Float32Array.from(data),
    float64: () => Float64Array.from(data),
    int64: () => BigInt64Array.from(data, BigInt),
    bool: () => Uint8Array.from(data),
  }
  return new Uint8Array(arrays[dtype]().buffer)
}
