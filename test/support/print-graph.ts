import type {Constant, Graph} from '../../src/core/onnx/graph.js'
import {liveNodes} from '../../src/core/onnx/live-nodes.js'
import type {OpNode, Value} from '../../src/core/onnx/types.js'

/**
 * What onnxruntime gets of a graph as text, one line an operator: for tests that show a graph.
 *
 * Values are numbered in order of appearance, so that the text does not depend on generated names.
 */
export function printGraph(graph: Graph): string {
  return new Printer(graph).print(graph, '').join('\n')
}

class Printer {
  private readonly names = new Map<Value, string>()
  private readonly constants = new Map<Value, Constant>()

  constructor(root: Graph) {
    for (const constant of root.constants) this.constants.set(constant.value, constant)
  }

  print(graph: Graph, indent: string): string[] {
    const inputs = graph.inputs.map((input) => `${indent}input ${this.define(input, input.name)}: ${typeOf(input)}`)
    const nodes = liveNodes(graph).flatMap((node) => this.node(node, indent))
    const outputs = graph.outputs.map(({name, value}) => `${indent}output ${name} = ${this.use(value)}`)
    return [...inputs, ...nodes, ...outputs]
  }

  private node(node: OpNode, indent: string): string[] {
    const inputs = node.inputs.map((input) => this.use(input)).join(', ')
    const {body, ...attrs} = node.attrs as {body?: Graph} & Record<string, unknown>
    const attributes = Object.entries(attrs).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`)
    const outputs = node.outputs.map((output) => `${this.define(output)}: ${typeOf(output)}`).join(', ')
    const line = `${indent}${outputs} = ${node.op}(${inputs})${attributes.join('')}`
    return body ? [line, ...this.print(body, `${indent}  `)] : [line]
  }

  private define(value: Value, name = `%${this.names.size}`): string {
    this.names.set(value, name)
    return name
  }

  private use(value: Value): string {
    const constant = this.constants.get(value)
    return this.names.get(value) ?? (constant ? constantText(constant) : value.name)
  }
}

const typeOf = ({dtype, shape}: Value) => `${dtype}[${shape.join(', ')}]`

function constantText({value, data}: Constant): string {
  const shown = data.slice(0, 4).join(' ')
  return `const ${typeOf(value)}(${shown}${data.length > 4 ? ' ...' : ''})`
}
