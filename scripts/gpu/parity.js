import {dist} from './parts.js'

/** Largest difference that is allowed, in units of an output's largest entry. */
const tolerance = 1e-3

/** Runs every graph on the CPU and on the device, on the same random numbers. */
export async function measureParity({device, note}) {
  const [{everyGraph}, {parseModelConfig}, {Session}, {Sampler, streamSeed}] = await Promise.all(
    [
      'core/engine/graphs/every-graph.js',
      'core/models/model-config.js',
      'core/runtime/session.js',
      'core/util/rng.js',
    ].map(dist),
  )
  const model = parseModelConfig(
    {
      model_type: 'llama',
      vocab_size: 97,
      hidden_size: 64,
      intermediate_size: 96,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      max_position_embeddings: 1024,
      eos_token_id: 2,
    },
    'parity',
  )
  let worst = 0
  for (const [name, build] of Object.entries(everyGraph(model))) {
    const {graph} = build().op
    const feeds = feedsOf(graph, new Sampler(streamSeed(1, name)))
    const outputs = []
    for (const on of ['cpu', device]) {
      const session = await Session.compile(graph, {device: on, threads: 1})
      outputs.push(await session.run(feeds))
      await session.release()
    }
    const differences = Object.entries(outputs[0]).map(([output, values]) => [
      output,
      difference(values, outputs[1][output]),
    ])
    const [output, largest] = differences.reduce((most, next) => (next[1] > most[1] ? next : most))
    worst = Math.max(worst, largest)
    note(name, {output, largest})
  }
  note('summary', {graphs: Object.keys(everyGraph(model)).length, worst, tolerance})
  if (!(worst <= tolerance)) throw new Error(`a graph differs by ${worst}; at most ${tolerance} is allowed`)
}

/** Small random numbers; indices are small too, so that they lie within every table, and rise along a row. */
function feedsOf(graph, sampler) {
  const whole = (name, i) => (/length|asked|max_tokens/.test(name) ? 4 : /rows|first_row/.test(name) ? 0 : i % 8)
  return Object.fromEntries(
    graph.inputs.map(({name, dtype, shape}) => {
      const size = shape.reduce((product, count) => product * count, 1)
      if (dtype === 'int64') return [name, BigInt64Array.from({length: size}, (_, i) => BigInt(whole(name, i)))]
      if (dtype === 'bool') return [name, new Uint8Array(size)]
      if (name === 'uniforms') return [name, Float32Array.from({length: size}, () => 0.5)]
      return [name, Float32Array.from({length: size}, () => 0.2 * sampler.normal())]
    }),
  )
}

function difference(a, b) {
  let [largest, worst] = [0, 0]
  for (let i = 0; i < a.length; i++) {
    const [left, right] = [Number(a[i]), Number(b[i])]
    // Both minus infinity, or both not a number, are alike.
    if (Object.is(left, right)) continue
    largest = Math.max(largest, Math.abs(left))
    worst = Math.max(worst, Number.isNaN(left - right) ? Number.POSITIVE_INFINITY : Math.abs(left - right))
  }
  return worst === 0 ? 0 : worst / Math.max(largest, 1e-6)
}
