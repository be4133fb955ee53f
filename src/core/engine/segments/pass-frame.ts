import type {ModelConfig} from '../../models/model-config.js'
import type {Session, TensorData} from '../../runtime/session.js'
import {addTo} from '../../util/add-to.js'
import type {Tell} from '../../util/tell.js'
import type {SessionCache} from '../sessions/session-cache.js'
import type {ModelState, Weights} from '../state/model-state.js'
import type {RowArrays} from '../state/row-arrays.js'
import {keepsAll, keptLayers, type RowLayout, type RunLimits, rowCounts, type Span} from './row-layout.js'

/** Tokens of a micro-batch, in the order of its rows. */
export interface RowTokens {
  readonly ids: BigInt64Array
  readonly positions: BigInt64Array
  /** Real tokens of each context, [P]; needed where there are completions. */
  readonly contextLengths?: BigInt64Array
}

/** Arrays by the names that graphs give them. */
export type Arrays = Readonly<Record<string, TensorData>>

/** What all updates of an engine share. */
export interface SegmentTools {
  readonly state: ModelState
  readonly sessions: SessionCache
  readonly tell: Tell
  /** Rows of the largest micro-batch. */
  readonly mostRows: number
}

/** Whose attention some arrays are: a kept layer's, that of the layer at work, or the gradients of that. */
export type AttentionOwner = number | 'layer' | 'gradient'

/** What the parts of one pass over the layers share: the rows of a micro-batch, the weights, and room to work in. */
export class PassFrame {
  readonly config: ModelConfig
  readonly rows: number

  constructor(
    readonly tools: SegmentTools,
    readonly layout: RowLayout,
    readonly tokens: RowTokens,
    readonly weights: Weights,
    private readonly arrays: RowArrays,
    readonly limits: RunLimits,
  ) {
    this.config = tools.state.config
    this.rows = rowCounts(layout).all
  }

  get all(): Span {
    return {from: 0, to: this.rows}
  }

  /** Positions that the rotary tables cover. */
  get positions(): number {
    return this.layout.contextLength + this.layout.completionLength
  }

  /** Widths of a row of queries, and of keys or values. */
  get widths(): {queries: number; keys: number} {
    const {heads, kvHeads, headSize} = this.config
    return {queries: heads * headSize, keys: kvHeads * headSize}
  }

  /** The working array of that name, [N, width]. */
  array(name: string, width: number): Float32Array {
    return this.arrays.get(name, this.tools.mostRows * width).subarray(0, this.rows * width)
  }

  /** An array for what one run computes, [size]; the next run of the same kind overwrites it. */
  scratch(name: string, size: number): Float32Array {
    return this.arrays.get(`run/${name}`, size)
  }

  /** What attention reads and fills, for all rows, or their gradients; those of a kept layer are its own. */
  attentionArrays(whose: AttentionOwner) {
    const {queries, keys} = this.widths
    return {
      queries: this.array(`queries of ${whose}`, queries),
      keys: this.array(`keys of ${whose}`, keys),
      values: this.array(`values of ${whose}`, keys),
      attended: this.array(`attended of ${whose}`, queries),
    }
  }

  /** Whether a layer's attention is there until its backward pass. */
  isKept(layer: number): boolean {
    return layer < keptLayers(this.config, this.tools.mostRows, this.limits)
  }

  /** Whether the products of all layers are there until their backward pass. */
  get keepsProducts(): boolean {
    return keepsAll(this.config, this.tools.mostRows, this.limits)
  }

  /**
   * Runs a graph and adds the gradients of its weights to the state's sums.
   *
   * @param parameters name of each weight in the graph and in the state
   */
  async addGradients(
    session: Session,
    parameters: readonly (readonly [named: string, parameter: string])[],
    feeds: Arrays,
    into: Arrays,
  ): Promise<Arrays> {
    const {state} = this.tools
    const targets = parameters.map(([named, parameter]) => {
      const isFirst = !state.hasGradient(parameter)
      const sum = state.gradientSum(parameter)
      // The first gradient is the sum; the others pass through an array that all layers use.
      return {output: `gradient/${named}`, sum, target: isFirst ? sum : this.scratch(named, sum.length)}
    })
    const written = Object.fromEntries(targets.map(({output, target}) => [output, target]))
    const outputs = await session.run(feeds, {...into, ...written})
    for (const {sum, target} of targets) if (target !== sum) addTo(sum, target)
    return outputs
  }
}
