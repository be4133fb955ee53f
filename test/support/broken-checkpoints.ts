import {cpSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'

type Header = Record<string, {dtype: string; shape: number[]; data_offsets: [number, number]}>

interface Weights {
  readonly header: Header
  readonly bytes: Buffer
}

function readParts(file: string): Weights {
  const all = readFileSync(file)
  const start = 8 + Number(all.readBigUInt64LE())
  return {header: JSON.parse(all.toString('utf8', 8, start)), bytes: all.subarray(start)}
}

function writeParts(file: string, {header, bytes}: Weights): void {
  writeFramed(file, Buffer.from(JSON.stringify(header)), bytes)
}

function writeFramed(file: string, json: Buffer, bytes: Buffer): void {
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  writeFileSync(file, Buffer.concat([length, json, bytes]))
}

function editWeights(folder: string, edit: (weights: Weights) => Weights): void {
  const file = join(folder, 'model.safetensors')
  writeParts(file, edit(readParts(file)))
}

function editJson(folder: string, name: string, edit: (value: Record<string, unknown>) => void): void {
  const file = join(folder, name)
  const value = JSON.parse(readFileSync(file, 'utf8'))
  edit(value)
  writeFileSync(file, JSON.stringify(value))
}

/** Changes the header, leaves the bytes. */
function editHeader(edit: (header: Header) => void): (folder: string) => void {
  return (folder) =>
    editWeights(folder, ({header, bytes}) => {
      edit(header)
      return {header, bytes}
    })
}

/** Replaces the first match in the header's text, where an object cannot say what is meant. */
function editHeaderText(pattern: RegExp, replacement: string): (folder: string) => void {
  return (folder) => {
    const file = join(folder, 'model.safetensors')
    const all = readFileSync(file)
    const start = 8 + Number(all.readBigUInt64LE())
    writeFramed(file, Buffer.from(all.toString('utf8', 8, start).replace(pattern, replacement)), all.subarray(start))
  }
}

/** Claims a header of so many bytes. */
function claimHeader(bytes: bigint): (folder: string) => void {
  return (folder) => {
    const file = join(folder, 'model.safetensors')
    const all = readFileSync(file)
    all.writeBigUInt64LE(bytes)
    writeFileSync(file, all)
  }
}

const shard = 'model-00001-of-00002.safetensors'

/** Turns the one file into a first shard of two, with an index that says `edit` of it. */
function shardWith(edit: (weightMap: Record<string, unknown>, folder: string) => unknown): (folder: string) => void {
  return (folder) => {
    const file = join(folder, 'model.safetensors')
    const names = Object.keys(readParts(file).header).filter((name) => name !== '__metadata__')
    renameSync(file, join(folder, shard))
    const weightMap: Record<string, unknown> = Object.fromEntries(names.map((name) => [name, shard]))
    const index = edit(weightMap, folder) ?? {weight_map: weightMap}
    const text = typeof index === 'string' ? index : JSON.stringify(index)
    writeFileSync(join(folder, 'model.safetensors.index.json'), text)
  }
}

function setConfig(fields: Record<string, unknown>): (folder: string) => void {
  return (folder) => editJson(folder, 'config.json', (config) => Object.assign(config, fields))
}

const norm = 'model.norm.weight'
const query = 'model.layers.0.self_attn.q_proj.weight'

/** Ways to spoil a copy of a sound checkpoint folder. */
const faults = {
  truncated: (folder) => truncateSync(join(folder, 'model.safetensors'), 100_000),
  'not-a-number': (folder) =>
    editWeights(folder, ({header, bytes}) => {
      bytes.writeFloatLE(Number.NaN, 4000)
      return {header, bytes}
    }),
  'tensor-missing': (folder) =>
    editWeights(folder, ({header, bytes}) => {
      const [name] = Object.entries(header)
        .filter(([, {data_offsets}]) => data_offsets?.[1] === bytes.length)
        .map(([last]) => last)
      const [end] = header[name].data_offsets
      delete header[name]
      return {header, bytes: bytes.subarray(0, end)}
    }),
  'tensor-extra': (folder) =>
    editWeights(folder, ({header, bytes}) => {
      const end = bytes.length
      header.surprise = {dtype: 'F32', shape: [2], data_offsets: [end, end + 8]}
      return {header, bytes: Buffer.concat([bytes, Buffer.alloc(8)])}
    }),
  'lying-offsets': editHeader((header) => {
    const [begin, end] = header[norm].data_offsets
    header[norm].data_offsets = [begin, end + 4]
  }),
  overlapping: editHeader((header) => {
    const [begin, end] = header[norm].data_offsets
    header[norm].data_offsets = [begin - 4, end - 4]
  }),
  hole: (folder) =>
    editWeights(folder, ({header, bytes}) => {
      for (const entry of Object.values(header))
        if (entry.data_offsets?.[0] > 0) entry.data_offsets = [entry.data_offsets[0] + 4, entry.data_offsets[1] + 4]
      return {header, bytes: Buffer.concat([bytes, Buffer.alloc(4)])}
    }),
  'negative-offset': editHeader((header) => {
    header[norm].data_offsets[0] = -4
  }),
  'unsafe-offset': editHeaderText(/"data_offsets":\[\d+,/, '"data_offsets":[9007199254740993,'),
  'offset-in-words': editHeaderText(/"data_offsets":\[\d+,/, '"data_offsets":["NaN",'),
  'dtype-of-integers': editHeader((header) => {
    const {shape} = header[query]
    Object.assign(header[query], {dtype: 'I64', shape: [shape[0], shape[1] / 2]})
  }),
  'dtype-of-eight-bits': editHeader((header) => {
    header[query].dtype = 'F8_E4M3'
  }),
  'dtype-of-other-length': editHeader((header) => {
    header[query].dtype = 'BF16'
  }),
  'header-not-utf8': (folder) => {
    const file = join(folder, 'model.safetensors')
    const all = readFileSync(file)
    all[10] = 0xff
    writeFileSync(file, all)
  },
  'header-of-a-gigabyte': claimHeader(2n ** 30n),
  'header-beyond-file': claimHeader(90_000_000n),
  'header-key-twice': editHeaderText(/^\{/, `{"${norm}":{},`),
  'header-prototype': editHeaderText(/^\{/, '{"__proto__":{"dtype":"F32","shape":[],"data_offsets":[0,4]},'),
  'tensor-named-metadata': editHeaderText(/"__metadata__":\{[^}]*\}/, '"__metadata__":{"dtype":"F32","shape":[1]}'),
  'header-depth': editHeaderText(/^\{/, `{"deep":${'['.repeat(5000)}${']'.repeat(5000)},`),
  'empty-file': (folder) => truncateSync(join(folder, 'model.safetensors'), 0),
  'shard-missing': shardWith((weightMap) => {
    weightMap[norm] = 'model-00002-of-00002.safetensors'
  }),
  'shard-wrong': shardWith((weightMap, folder) => {
    const other = 'model-00002-of-00002.safetensors'
    writeParts(join(folder, other), {
      header: {[norm]: {dtype: 'F32', shape: [1], data_offsets: [0, 4]}},
      bytes: Buffer.alloc(4),
    })
    weightMap[query] = other
  }),
  'index-traversal': shardWith((weightMap) => {
    weightMap[norm] = '../sound/model.safetensors'
  }),
  'index-absolute': shardWith((weightMap, folder) => {
    weightMap[norm] = join(folder, shard)
  }),
  'index-key-twice': shardWith(() => '{"weight_map":{},"weight_map":{}}'),
  'index-incomplete': shardWith((weightMap) => {
    delete weightMap[norm]
  }),
  'index-not-json': shardWith(() => '{"weight_map":'),
  'config-key-twice': (folder) => {
    const file = join(folder, 'config.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace('{', '{"hidden_size": 8,'))
  },
  'config-fewer-layers': setConfig({num_hidden_layers: 1}),
  'config-more-layers': setConfig({num_hidden_layers: 3}),
  'config-vast': setConfig({vocab_size: 2 ** 40}),
  'config-deep': setConfig({num_hidden_layers: 1e9}),
  'config-untied': setConfig({tie_word_embeddings: false}),
  'head-differs': (folder) =>
    editWeights(folder, ({header, bytes}) => {
      const {dtype, shape, data_offsets} = header['model.embed_tokens.weight']
      const size = data_offsets[1] - data_offsets[0]
      header['lm_head.weight'] = {dtype, shape, data_offsets: [bytes.length, bytes.length + size]}
      return {header, bytes: Buffer.concat([bytes, Buffer.alloc(size)])}
    }),
  'no-weights': (folder) => rmSync(join(folder, 'model.safetensors')),
  'other-shape': setConfig({intermediate_size: 8}),
  'other-family': setConfig({model_type: 'gpt2'}),
  'scaled-rope': setConfig({rope_scaling: {type: 'mrope', factor: 2}}),
  'small-vocabulary': setConfig({vocab_size: 100}),
  'other-tokenizer': (folder) =>
    editJson(folder, 'tokenizer.json', ({model}) => (model as {merges: unknown[]}).merges.pop()),
} satisfies Record<string, (folder: string) => void>

/** A way to spoil a checkpoint. */
export type Fault = keyof typeof faults

/** What is said of each. */
export const faultMessages: Readonly<Record<Fault, RegExp>> = {
  truncated: /not a valid safetensors file/,
  'not-a-number': /embed_tokens\.weight holds NaN at 1000; expected finite weights/,
  'tensor-missing': /tensor \S+ is missing; config\.json asks for shape/,
  'tensor-extra': /tensor surprise does not belong to the model/,
  'lying-offsets': /model\.norm\.weight \(F32, shape \[\d+\]\) has \d+ bytes, expected \d+/,
  overlapping: /tensor \S+ overlaps the one before it/,
  hole: /bytes \d+ to \d+ belong to no tensor/,
  'negative-offset': /model\.norm\.weight has data_offsets \[-4,\d+\]/,
  'unsafe-offset': /has data_offsets \[9007199254740992,\d+\]/,
  'offset-in-words': /has data_offsets \["NaN",\d+\]/,
  'dtype-of-integers': /q_proj\.weight has dtype I64, expected floating-point weights/,
  'dtype-of-eight-bits': /q_proj\.weight has dtype F8_E4M3, expected one of F32/,
  'dtype-of-other-length': /q_proj\.weight \(BF16, shape \[\d+,\d+\]\) has \d+ bytes, expected \d+/,
  'header-not-utf8': /its header is not JSON \(it is not UTF-8\)/,
  'header-of-a-gigabyte': /its header claims 1073741824 bytes, more than 100000000/,
  'header-beyond-file': /its header claims 90000000 bytes, but only \d+ follow/,
  'header-key-twice': /its header has the key "model\.norm\.weight" twice/,
  'header-prototype': /its header has a key named __proto__/,
  'tensor-named-metadata': /its __metadata__ holds more than texts/,
  'header-depth': /its header is nested more than 100 deep/,
  'empty-file': /it has 0 bytes, too few for a header/,
  'shard-missing': /model-00002-of-00002\.safetensors: no such file/,
  'shard-wrong': /00002\.safetensors: tensor \S+q_proj\.weight, which the index puts here, is in model-00001/,
  'index-traversal': /is in "\.\.\/sound\/model\.safetensors", expected the name of a safetensors file/,
  'index-absolute': /is in "\/\S+", expected the name of a safetensors file/,
  'index-key-twice': /the index has the key "weight_map" twice/,
  'index-incomplete': /tensor model\.norm\.weight is missing; config\.json asks for shape/,
  'index-not-json': /the index is not JSON/,
  'config-key-twice': /config\.json has the key "hidden_size" twice/,
  'config-fewer-layers': /tensor model\.layers\.1\.\S+ does not belong to the model .*num_hidden_layers 1/,
  'config-more-layers': /tensor model\.layers\.2\.\S+ is missing/,
  'config-vast': /embed_tokens\.weight has shape \[721,128\]; config\.json asks for \[1099511627776,128\] \(vocab_size/,
  'config-deep': /num_hidden_layers 1000000000, but there are only 20 tensors/,
  'config-untied': /tensor lm_head\.weight is missing/,
  'head-differs': /ties the head .* but lm_head\.weight and model\.embed_tokens\.weight differ/,
  'no-weights': /model\.safetensors: no such file/,
  'other-shape': /tensor \S+ has shape \[\d+,\d+\]; config\.json asks for/,
  'other-family': /model_type is gpt2; supported: llama/,
  'scaled-rope': /rope_scaling.* mrope/,
  'small-vocabulary': /vocabulary of 100, but the tokenizer has 721 tokens/,
  'other-tokenizer': /has another tokenizer than .*data was prepared with/,
}

/** Every way there is. */
export const faultNames = Object.keys(faults) as readonly Fault[]

/** Copies a checkpoint into `target` once per way to spoil it, each copy under the name of its fault. */
export function writeBrokenCheckpoints(source: string, target: string, names = faultNames): void {
  for (const name of names) {
    cpSync(source, join(target, name), {recursive: true})
    faults[name](join(target, name))
  }
}
