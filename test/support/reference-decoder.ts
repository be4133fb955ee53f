import type {ModelConfig} from '../../src/core/models/model-config.js'

/**
 * The decoder written out in plain float64 loops, one token and one head at a time, with Hugging Face's tensor names: what
 * graphs are compared with. It shares no code with them.
 */

/** Tensors by Hugging Face name, row-major. */
export type Checkpoint = ReadonlyMap<string, ArrayLike<number>>

/** Log-probabilities over the vocabulary after each token, [T][V]. */
export function referenceLogprobs(config: ModelConfig, checkpoint: Checkpoint, ids: readonly number[]): number[][] {
  const tensor = (name: string) => {
    const found = checkpoint.get(name)
    if (!found) throw new Error(`no tensor ${name}`)
    return found
  }
  const table = tensor('model.embed_tokens.weight')
  let rows = ids.map((id) => rowOf(table, id, config.hidden))
  for (let layer = 0; layer < config.layers; layer++) rows = decoderLayer(config, tensor, layer, rows)
  const head = config.tiedHead ? table : tensor('lm_head.weight')
  return rows.map((row) => {
    const logits = times(head, normalize(row, tensor('model.norm.weight'), config.normEpsilon))
    const largest = Math.max(...logits)
    const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0))
    return logits.map((logit) => logit - largest - total)
  })
}

type Tensors = (name: string) => ArrayLike<number>

function decoderLayer(config: ModelConfig, tensor: Tensors, layer: number, rows: number[][]): number[][] {
  const at = (name: string) => `model.layers.${layer}.${name}`
  const isPostNorm = config.family === 'olmo2'
  const norm = (name: string, row: number[], isThere: boolean) =>
    isThere ? normalize(row, tensor(at(name)), config.normEpsilon) : row
  const normed = rows.map((row) => norm('input_layernorm.weight', row, !isPostNorm))
  const attended = attention(config, tensor, layer, normed)
  return rows.map((row, t) => {
    const projected = times(tensor(at('self_attn.o_proj.weight')), attended[t])
    const output = config.outputBias ? plus(projected, Array.from(tensor(at('self_attn.o_proj.bias')))) : projected
    const middle = plus(row, norm('post_attention_layernorm.weight', output, isPostNorm))
    const input = norm('post_attention_layernorm.weight', middle, !isPostNorm)
    const gate = times(tensor(at('mlp.gate_proj.weight')), input)
    const up = times(tensor(at('mlp.up_proj.weight')), input)
    const activated = gate.map((value, i) => (value / (1 + Math.exp(-value))) * up[i])
    const down = times(tensor(at('mlp.down_proj.weight')), activated)
    return plus(middle, norm('post_feedforward_layernorm.weight', down, isPostNorm))
  })
}

function attention(config: ModelConfig, tensor: Tensors, layer: number, rows: number[][]): number[][] {
  const {heads, kvHeads, headSize, qkvBias} = config
  const qkNorm = {qwen3: 'head', olmo2: 'projection'}[config.family as string]
  const at = (name: string) => `model.layers.${layer}.${name}`
  const isRotated = config.family !== 'smollm3' || (layer + 1) % Number(config.source.no_rope_layer_interval) !== 0
  const project = (part: 'q' | 'k' | 'v', count: number) =>
    rows.map((row, position) => {
      const plain = times(tensor(at(`self_attn.${part}_proj.weight`)), row)
      const biased = qkvBias ? plus(plain, Array.from(tensor(at(`self_attn.${part}_proj.bias`)))) : plain
      const normedBy = (kind: string, row: number[]) =>
        part !== 'v' && qkNorm === kind
          ? normalize(row, tensor(at(`self_attn.${part}_norm.weight`)), config.normEpsilon)
          : row
      const whole = normedBy('projection', biased)
      return Array.from({length: count}, (_, head) => {
        const piece = whole.slice(head * headSize, (head + 1) * headSize)
        if (part === 'v') return piece
        const normed = normedBy('head', piece)
        return isRotated ? turn(normed, position, config.ropeTheta) : normed
      })
    })
  const [q, k, v] = [project('q', heads), project('k', kvHeads), project('v', kvHeads)]
  return rows.map((_, t) =>
    Array.from({length: heads}, (_unused, head) => {
      const shared = Math.floor(head / (heads / kvHeads))
      return attendTo(
        q[t][head],
        k.slice(0, t + 1).map((key) => key[shared]),
        v.slice(0, t + 1).map((value) => value[shared]),
      )
    }).flat(),
  )
}

/** One query over keys and values, scaled by 1 / sqrt(D). */
export function attendTo(query: readonly number[], keys: readonly number[][], values: readonly number[][]): number[] {
  const scores = keys.map((key) => dot(query, key) / Math.sqrt(query.length))
  const largest = Math.max(...scores)
  const weights = scores.map((score) => Math.exp(score - largest))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return query.map((_, d) => values.reduce((sum, value, i) => sum + (weights[i] / total) * value[d], 0))
}

/** Rotary embedding by the book, angles in float32: halves a and b become a cos - b sin and b cos + a sin. */
export function turn(head: readonly number[], position: number, theta: number): number[] {
  const half = head.length / 2
  const frequency = (i: number) => Math.fround(1 / Math.fround(theta ** Math.fround((2 * i) / head.length)))
  const angle = (i: number) => Math.fround(position * frequency(i))
  const first = head.slice(0, half)
  const second = head.slice(half)
  return [
    ...first.map((a, i) => a * Math.cos(angle(i)) - second[i] * Math.sin(angle(i))),
    ...second.map((b, i) => b * Math.cos(angle(i)) + first[i] * Math.sin(angle(i))),
  ]
}

function rowOf(table: ArrayLike<number>, row: number, width: number): number[] {
  return Array.from({length: width}, (_, i) => table[row * width + i])
}

function normalize(row: readonly number[], weight: ArrayLike<number>, epsilon: number): number[] {
  const scale = 1 / Math.sqrt(dot(row, row) / row.length + epsilon)
  return row.map((value, i) => value * scale * weight[i])
}

/** W x for W [out, in]. */
function times(weight: ArrayLike<number>, x: readonly number[]): number[] {
  return Array.from({length: weight.length / x.length}, (_, o) => dot(rowOf(weight, o, x.length), x))
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0)
}

function plus(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value + b[i])
}
