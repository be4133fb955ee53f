import {trainedAmong} from '../../models/adapters.js'
import {firstOfKind} from '../../models/layer-kinds.js'
import {layerParameters} from '../../models/layer-parameters.js'
import type {Parameter} from '../../models/parameters.js'
import type {Session} from '../../runtime/session.js'
import {type Direction, feedForwardGraph, headsGraph, productWidths} from '../graphs/layer-segments.js'
import {AttentionRuns} from './attention-runs.js'
import type {Arrays, AttentionOwner, PassFrame} from './pass-frame.js'
import {cut, rowsOf, type Span} from './row-layout.js'

const parts = {heads: headsGraph, feedForward: feedForwardGraph}
type Part = keyof typeof parts

/** One layer at a time, forward and backward, some rows at a time; gradients of weights go to the state's sums. */
export class LayerRuns {
  private readonly attention: AttentionRuns

  constructor(private readonly frame: PassFrame) {
    this.attention = new AttentionRuns(frame)
  }

  /**
   * @param read rows that the layer hands on
   * @param input hidden rows [N, C]
   * @param output its rows that are read are filled
   * @param keeps whether `backward` will follow
   */
  async forward(layer: number, read: Span, input: Float32Array, output: Float32Array, keeps: boolean): Promise<void> {
    const {frame} = this
    const {hidden} = frame.config
    const whose = keeps ? this.ownerOf(layer) : 'layer'
    await this.attend(layer, read, input, whose)
    const {attended} = frame.attentionArrays(whose)
    const keepsProducts = keeps && frame.keepsProducts
    for (const span of cut(read, frame.limits.rows)) {
      const session = await this.session('feedForward', 'forward', layer, span, keepsProducts)
      const feeds = {hidden: rowsOf(input, span, hidden), attended: rowsOf(attended, span, frame.widths.queries)}
      const into = {output: rowsOf(output, span, hidden), ...(keepsProducts && this.products(layer, span))}
      await session.run({...feeds, ...this.weights(layer, 'feedForward')}, into)
    }
  }

  /**
   * Computes the layer again as far as its gradient needs it.
   *
   * @param gradient of the layer's output where it is read, [N, C]; becomes that of its input
   */
  async backward(layer: number, read: Span, input: Float32Array, gradient: Float32Array): Promise<void> {
    const {frame} = this
    const whose = this.ownerOf(layer)
    if (whose === 'layer') await this.attend(layer, read, input, whose)
    const residual = frame.array('gradient/residual', frame.config.hidden)
    residual.fill(0, 0, read.from * frame.config.hidden)
    await this.feedForwardBackward(layer, read, input, gradient, residual, frame.attentionArrays(whose).attended)
    await this.attention.backward(read, whose)
    await this.headsBackward(layer, input, residual, gradient)
  }

  private async attend(layer: number, read: Span, input: Float32Array, whose: AttentionOwner): Promise<void> {
    const {frame} = this
    const {queries, keys, values} = frame.attentionArrays(whose)
    for (const span of cut(frame.all, frame.limits.rows)) {
      const session = await this.session('heads', 'forward', layer, span)
      const feeds = {hidden: rowsOf(input, span, frame.config.hidden), ...this.places(span)}
      await session.run(
        {...feeds, ...this.weights(layer, 'heads')},
        {
          queries: rowsOf(queries, span, frame.widths.queries),
          keys: rowsOf(keys, span, frame.widths.keys),
          values: rowsOf(values, span, frame.widths.keys),
        },
      )
    }
    await this.attention.forward(read, whose)
  }

  private async feedForwardBackward(
    layer: number,
    read: Span,
    input: Float32Array,
    gradient: Float32Array,
    residual: Float32Array,
    attended: Float32Array,
  ): Promise<void> {
    const {frame} = this
    const {hidden} = frame.config
    const {queries: width} = frame.widths
    const {attended: attendedGradient} = frame.attentionArrays('gradient')
    for (const span of cut(read, frame.limits.rows)) {
      const feeds = {
        hidden: rowsOf(input, span, hidden),
        attended: rowsOf(attended, span, width),
        'cotangent/output': rowsOf(gradient, span, hidden),
        ...(frame.keepsProducts && this.products(layer, span)),
      }
      const into = {
        'gradient/hidden': rowsOf(residual, span, hidden),
        'gradient/attended': rowsOf(attendedGradient, span, width),
      }
      await this.addGradients('feedForward', layer, span, feeds, into, frame.keepsProducts)
    }
  }

  private async headsBackward(
    layer: number,
    input: Float32Array,
    residual: Float32Array,
    gradient: Float32Array,
  ): Promise<void> {
    const {frame} = this
    const {hidden} = frame.config
    const {queries, keys, values} = frame.attentionArrays('gradient')
    for (const span of cut(frame.all, frame.limits.rows)) {
      const feeds = {
        hidden: rowsOf(input, span, hidden),
        ...this.places(span),
        'cotangent/queries': rowsOf(queries, span, frame.widths.queries),
        'cotangent/keys': rowsOf(keys, span, frame.widths.keys),
        'cotangent/values': rowsOf(values, span, frame.widths.keys),
        'cotangent/residual': rowsOf(residual, span, hidden),
      }
      await this.addGradients('heads', layer, span, feeds, {'gradient/hidden': rowsOf(gradient, span, hidden)})
    }
  }

  private async addGradients(
    part: Part,
    layer: number,
    span: Span,
    feeds: Arrays,
    into: Arrays,
    keepsProducts = false,
  ): Promise<void> {
    const {frame} = this
    const session = await this.session(part, 'backward', layer, span, keepsProducts)
    const trained = trainedAmong(frame.config, this.parameters(layer, part))
    const names = trained.map(({name}) => [name, nameIn(layer, name)] as const)
    await frame.addGradients(session, names, {...feeds, ...this.weights(layer, part)}, into)
  }

  /** Those that are kept of some rows. */
  private products(layer: number, span: Span): Arrays {
    const {frame} = this
    const widths = Object.entries(productWidths(frame.config))
    return Object.fromEntries(
      widths.map(([name, width]) => [name, rowsOf(frame.array(`${name} of ${layer}`, width), span, width)]),
    )
  }

  private ownerOf(layer: number): AttentionOwner {
    return this.frame.isKept(layer) ? layer : 'layer'
  }

  private session(
    part: Part,
    direction: Direction,
    layer: number,
    {from, to}: Span,
    keepsProducts = false,
  ): Promise<Session> {
    const {sessions, state} = this.frame.tools
    const {positions} = this.frame
    const shape = {rows: to - from, positions, layer: firstOfKind(state.config, layer), keepsProducts}
    return sessions.get('layer', {...shape, part, direction}, () => parts[part](state.config, shape, direction))
  }

  private weights(layer: number, part: Part): Arrays {
    const names = this.parameters(layer, part).map(({name}) => name)
    return Object.fromEntries(names.map((name) => [name, this.frame.weights.get(nameIn(layer, name))!]))
  }

  /** Those of a layer's part, as its graph names them. */
  private parameters(layer: number, part: Part): Parameter[] {
    const {config} = this.frame
    return layerParameters(config, firstOfKind(config, layer))[part]
  }

  private places({from, to}: Span): Arrays {
    const {tools, positions, tokens} = this.frame
    const {cos, sin} = tools.state.rotaryTables(positions)
    return {positions: tokens.positions.subarray(from, to), 'rotary.cos': cos, 'rotary.sin': sin}
  }
}

/** The name that a weight of one layer has in another. */
function nameIn(layer: number, name: string): string {
  return name.replace(/^model\.layers\.\d+\./, `model.layers.${layer}.`)
}
