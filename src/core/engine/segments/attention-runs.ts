import type {Session} from '../../runtime/session.js'
import {addTo} from '../../util/add-to.js'
import type {Direction} from '../graphs/layer-segments.js'
import {type AttentionBlock, attentionBlocks, attentionGraph, keySpans} from './attention-blocks.js'
import type {Arrays, AttentionOwner, PassFrame} from './pass-frame.js'
import {rowsOf, type Span} from './row-layout.js'

/** Attention of one layer at a time, block by block, from the frame's queries, keys and values. */
export class AttentionRuns {
  private readonly blocks: ReturnType<typeof attentionBlocks>

  constructor(private readonly frame: PassFrame) {
    this.blocks = attentionBlocks(frame.config, frame.layout, frame.limits)
  }

  /** Fills `attended` of the rows that are read. */
  async forward(read: Span, whose: AttentionOwner): Promise<void> {
    const {frame} = this
    const {queries: width} = frame.widths
    const {attended} = frame.attentionArrays(whose)
    for (const block of this.blocksOf(read)) {
      const session = await this.session(block, 'forward')
      await session.run(this.feeds(block, whose), {attended: rowsOf(attended, block.queries, width)})
    }
  }

  /** Fills the gradients of queries, keys and values of all rows from that of `attended` of those read. */
  async backward(read: Span, whose: AttentionOwner): Promise<void> {
    const {frame} = this
    const {queries: width} = frame.widths
    const {attended, ...gradients} = frame.attentionArrays('gradient')
    for (const sum of Object.values(gradients)) sum.fill(0)
    for (const block of this.blocksOf(read)) {
      const session = await this.session(block, 'backward')
      const feeds = {...this.feeds(block, whose), 'cotangent/attended': rowsOf(attended, block.queries, width)}
      const shares = keySpans(block).flatMap(([prefix, span]) =>
        (['keys', 'values'] as const).map((part) => {
          const name = `gradient/${prefix}${part}`
          const sum = rowsOf(gradients[part], span, frame.widths.keys)
          return {name, sum, share: frame.scratch(name, sum.length)}
        }),
      )
      await session.run(feeds, {
        'gradient/queries': rowsOf(gradients.queries, block.queries, width),
        ...Object.fromEntries(shares.map(({name, share}) => [name, share])),
      })
      for (const {sum, share} of shares) addTo(sum, share)
    }
  }

  /** After the last layer, nobody reads rows of contexts that have completions. */
  private blocksOf(read: Span): readonly AttentionBlock[] {
    const {context, completion} = this.blocks
    return read.from > 0 ? completion : [...context, ...completion]
  }

  private feeds(block: AttentionBlock, whose: AttentionOwner): Arrays {
    const {frame} = this
    const {queries, keys, values} = frame.attentionArrays(whose)
    const cached = keySpans(block).flatMap(([prefix, span]) =>
      Object.entries({keys, values}).map(([part, rows]) => [`${prefix}${part}`, rowsOf(rows, span, frame.widths.keys)]),
    )
    return {
      queries: rowsOf(queries, block.queries, frame.widths.queries),
      first_row: BigInt64Array.of(BigInt(block.firstRow)),
      ...(frame.tokens.contextLengths && {
        context_lengths: frame.tokens.contextLengths.subarray(block.contexts.from, block.contexts.to),
      }),
      ...Object.fromEntries(cached),
    }
  }

  private session(block: AttentionBlock, direction: Direction): Promise<Session> {
    const {sessions, state} = this.frame.tools
    return sessions.get(block.kind, {...block.shape, direction}, () => attentionGraph(state.config, block, direction))
  }
}
