import {cpSync, readFileSync, rmSync, truncateSync, writeFileSync} from 'node:fs'
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
  const json = Buffer.from(JSON.stringify(header))
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

function setConfig(fields: Record<string, unknown>): (folder: string) => void {
  return (folder) => editJson(folder, 'config.json', (config) => Object.assign(config, fields))
}

/** Ways to spoil a copy of a sound checkpoint folder. */
const faults: Readonly<Record<string, (folder: string) => void>> = {
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
  'no-weights': (folder) => rmSync(join(folder, 'model.safetensors')),
  'other-shape': setConfig({intermediate_size: 8}),
  'other-family': setConfig({model_type: 'gpt2'}),
  'scaled-rope': setConfig({rope_scaling: {type: 'linear', factor: 2}}),
  'small-vocabulary': setConfig({vocab_size: 100}),
  'other-tokenizer': (folder) =>
    editJson(folder, 'tokenizer.json', ({model}) => (model as {merges: unknown[]}).merges.pop()),
}

/** Copies a checkpoint into `target` once per way to spoil it, each copy under the name of its fault. */
export function writeBrokenCheckpoints(source: string, target: string): void {
  for (const [name, spoil] of Object.entries(faults)) {
    cpSync(source, join(target, name), {recursive: true})
    spoil(join(target, name))
  }
}
