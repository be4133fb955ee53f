/**
 * Where the entries of one sequence lie within a page of a cache, [blocks, panels, blockTokens, width]: a block has some
 * of the page's tokens, a panel some of the D numbers of each of them.
 */
export interface EntryLayout {
  readonly blocks: number
  readonly panels: number
  readonly blockTokens: number
  readonly width: number
}

/** Keys of a page, [tokens, D]: their product with queries reads them in this order. */
export function keyLayout(tokens: number, headSize: number): EntryLayout {
  return {blocks: 1, panels: 1, blockTokens: tokens, width: headSize}
}

/** Numbers of a panel of values: two lines of the processor's cache, which it fetches together. */
const panelWidth = 32

/** Values of a page: a block for each sum that onnxruntime makes at once, its panels one behind the other. */
export function valueLayout(tokens: number, headSize: number): EntryLayout {
  const blockTokens = Math.min(tokens, tokensSummedAtOnce(headSize))
  const width = headSize % panelWidth === 0 ? panelWidth : headSize
  return {blocks: tokens / blockTokens, panels: headSize / width, blockTokens, width}
}

/**
 * Rows of V after which onnxruntime starts a new sum in a product W V that is `headSize` wide: its CPU kernel takes 128
 * rows of 128 columns, and of fewer columns proportionally more rows. Sums over such blocks, added one after the other,
 * are those of the whole product to the last bit; over other blocks they are not.
 */
export function tokensSummedAtOnce(headSize: number): number {
  const columns = Math.min(128, Math.max(16, 2 ** Math.ceil(Math.log2(headSize))))
  return (128 * 128) / columns
}

/** Place of an entry's panel within its sequence. */
export function entryOffset({panels, blockTokens, width}: EntryLayout, token: number, panel: number): number {
  const block = Math.floor(token / blockTokens)
  return ((block * panels + panel) * blockTokens + (token % blockTokens)) * width
}
