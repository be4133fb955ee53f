/**
 * Writes the table of docs/how-to/cuda.md: what fits on a GPU, by the estimate. Nothing is run: `npm run bench:gpu-limits`.
 */
import {readFileSync, writeFileSync} from 'node:fs'
import {pathToFileURL} from 'node:url'
import {policyShape} from '../src/core/engine/graphs/shapes.js'
import {reportMemory} from '../src/core/engine/memory/check-memory.js'
import {type ModelConfig, parseModelConfig} from '../src/core/models/model-config.js'
import {parameterCount} from '../src/core/models/parameters.js'

const qwen2 = (layers: number, hidden: number, heads: number, intermediate: number, tied: boolean, kvHeads = 2) => ({
  model_type: 'qwen2',
  hidden_size: hidden,
  intermediate_size: intermediate,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  num_key_value_heads: kvHeads,
  vocab_size: tied ? 151_936 : 152_064,
  max_position_embeddings: 2 ** 20,
  tie_word_embeddings: tied,
})

const llama = {
  model_type: 'llama',
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  vocab_size: 49_152,
  max_position_embeddings: 2 ** 20,
  tie_word_embeddings: true,
}

/** Shapes of SmolLM2-135M and Qwen2.5. */
const shapes: Readonly<Record<string, object>> = {
  '135M': llama,
  '0.5B': qwen2(24, 896, 14, 4864, true),
  '1.5B': qwen2(28, 1536, 12, 8960, true),
  '7B': qwen2(28, 3584, 28, 18_944, false, 4),
  '14B': qwen2(48, 5120, 40, 13_824, false, 8),
}

const gpus = [80, 141]
const context = 512
const groupSize = 8
const objective = {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 0}

/** A step of one context: it samples, and updates layer by layer. */
function workOf(model: ModelConfig, completionTokens: number) {
  const lengths = {contexts: 1, groupSize, promptTokens: context + 1}
  const trainedTokens = groupSize * completionTokens
  return {
    model,
    objective,
    updateMode: 'segmented' as const,
    rollout: {...lengths, maxTokens: completionTokens},
    policy: policyShape({...lengths, completionTokens, trainedTokens}),
  }
}

interface Limit {
  /** Tokens of a completion, a power of two; 0 where the shortest does not fit. */
  readonly longest: number
  /** What the host needs then. */
  readonly hostBytes: number
}

/** The longest completions of 128, 256, ... 131,072 tokens that fit on a GPU of so many GB (10^9 bytes). */
export function longestOn(gigabytes: number, model: ModelConfig): Limit {
  const settings = {check: true, limitGiB: 2 ** 20, deviceLimitGiB: (gigabytes * 1e9) / 2 ** 30}
  let best: Limit = {longest: 0, hostBytes: 0}
  for (let longest = 128; longest <= 2 ** 17; longest *= 2) {
    const report = reportMemory({work: workOf(model, longest), device: 'cuda', sizes: []}, settings)
    if (!report.device?.fits) break
    best = {longest, hostBytes: report.neededBytes}
  }
  return best
}

/** The row of a model in the table. */
export function limitRow(name: string): string {
  const model = parseModelConfig(shapes[name] as never, name)
  const cells = gpus.map((gigabytes) => {
    const {longest, hostBytes} = longestOn(gigabytes, model)
    return longest === 0
      ? 'does not fit'
      : `${longest.toLocaleString('en')} (host ${(hostBytes / 2 ** 30).toFixed(0)} GiB)`
  })
  return `| ${name}, ${(parameterCount(model) / 1e9).toFixed(2)} billion parameters | ${cells.join(' | ')} |`
}

const page = new URL('../docs/how-to/cuda.md', import.meta.url)

function write(): void {
  const head = [`| model | ${gpus.map((size) => `${size} GB`).join(' | ')} |`, '| --- | --- | --- |']
  const table = [...head, ...Object.keys(shapes).map(limitRow)].join('\n')
  const text = readFileSync(page, 'utf8')
  writeFileSync(
    page,
    text.replace(/\| model \| 80 GB[\s\S]*?\n(?=\n)/, () => `${table}\n`),
  )
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) write()
