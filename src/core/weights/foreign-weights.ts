import {readdirSync, statSync} from 'node:fs'

/** What a folder has in place of a checkpoint that can be read, and what to do about it. */
export interface ForeignWeights {
  readonly what: string
  readonly remedy: string
}

const saveAgain = 'convert it: load it in transformers and call save_pretrained'

/** What files of a name mean, the more telling ones first. */
const kinds: readonly {readonly pattern: RegExp; readonly what: (name: string) => string; readonly remedy: string}[] = [
  {
    pattern: /^adapter_(config\.json|model\.\w+)$/,
    what: (name) => `it is a LoRA adapter (${name}), not a checkpoint`,
    remedy: 'merge it into its base model: in PEFT call merge_and_unload, then save_pretrained and save the tokenizer',
  },
  {
    pattern: /\.gguf$/i,
    what: (name) => `${name} holds quantised weights for llama.cpp`,
    remedy: 'take the checkpoint that it was made from, in safetensors',
  },
  {
    pattern: /^pytorch_model.*\.bin(\.index\.json)?$|\.(pth|pt|ckpt|bin)$/i,
    what: (name) => `${name} may run code when read, so it is not`,
    remedy: saveAgain,
  },
  {
    pattern: /\.(h5|msgpack|onnx|npz)$/i,
    what: (name) => `${name} is of another format`,
    remedy: saveAgain,
  },
  {
    pattern: /\.safetensors$/,
    what: (name) => `${name} has another name than transformers gives`,
    remedy: saveAgain,
  },
]

/** Explains a folder without weights under the usual names; null where it has none of any kind. */
export function foreignWeights(folder: string): ForeignWeights | null {
  const names = statSync(folder, {throwIfNoEntry: false})?.isDirectory() ? readdirSync(folder).sort() : []
  for (const {pattern, what, remedy} of kinds) {
    const name = names.find((candidate) => pattern.test(candidate))
    if (name !== undefined) return {what: what(name), remedy}
  }
  return null
}
