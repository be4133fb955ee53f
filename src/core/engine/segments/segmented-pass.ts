import {embeddingName} from '../../models/parameters.js'
import {LayerRuns} from './layer-runs.js'
import type {PassFrame} from './pass-frame.js'
import {readRows, type Span} from './row-layout.js'

/**
 * A decoder's layers one after the other, each by the same few graphs: what is kept between them is their input, and a
 * layer is computed again when its gradient is. Rows lie in host memory, row-major.
 */
export class SegmentedPass {
  private readonly layers: LayerRuns

  constructor(private readonly frame: PassFrame) {
    this.layers = new LayerRuns(frame)
  }

  /**
   * Hidden rows before the final norm, [N, C]; of contexts that have completions they are undefined.
   *
   * @param keepsInputs whether `backward` will follow
   */
  async forward(keepsInputs: boolean): Promise<Float32Array> {
    const {config, tools} = this.frame
    this.embed(this.inputOf(0, keepsInputs))
    for (let layer = 0; layer < config.layers; layer++) {
      tools.tell(`layer ${layer + 1}/${config.layers}`)
      const [input, output] = [layer, layer + 1].map((at) => this.inputOf(at, keepsInputs))
      await this.layers.forward(layer, this.readRows(layer), input, output, keepsInputs)
    }
    return this.inputOf(config.layers, keepsInputs)
  }

  /**
   * Adds the gradients of all layers and of the embedding to the state's sums, after `forward(true)`.
   *
   * @param gradient of the rows that `forward` returned, [N, C]; overwritten
   */
  async backward(gradient: Float32Array): Promise<void> {
    const {config, tools} = this.frame
    for (let layer = config.layers - 1; layer >= 0; layer--) {
      tools.tell(`layer ${layer + 1}/${config.layers}, backward`)
      await this.layers.backward(layer, this.readRows(layer), this.inputOf(layer, true), gradient)
    }
    this.embedBackward(gradient)
  }

  private embed(rows: Float32Array): void {
    const {config, tokens, weights} = this.frame
    const {hidden: width} = config
    const table = weights.get(embeddingName)!
    tokens.ids.forEach((id, row) => {
      const from = Number(id) * width
      rows.set(table.subarray(from, from + width), row * width)
    })
  }

  private embedBackward(gradient: Float32Array): void {
    const {config, tokens, tools} = this.frame
    const {hidden: width} = config
    // Adapters leave the embedding alone.
    if (config.adapter) return
    const sum = tools.state.gradientSum(embeddingName)
    tokens.ids.forEach((id, row) => {
      const to = Number(id) * width
      for (let i = 0; i < width; i++) sum[to + i] += gradient[row * width + i]
    })
  }

  private readRows(layer: number): Span {
    const {all, layout, config} = this.frame
    return layer === config.layers - 1 ? readRows(layout) : all
  }

  /** The input of a layer; where none is kept, all even layers share an array, and all odd ones. */
  private inputOf(layer: number, isKept: boolean): Float32Array {
    return this.frame.array(`hidden/${isKept ? layer : layer % 2}`, this.frame.config.hidden)
  }
}
