import {mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

/** Writes a tokenizer's files to a fresh folder and returns it; a string is written as it is. */
export function writeTokenizer(json: unknown, config?: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'rpt-tokenizer-'))
  writeFileSync(join(folder, 'tokenizer.json'), typeof json === 'string' ? json : JSON.stringify(json))
  if (config !== undefined) writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(config))
  return folder
}

export function addedToken(id: number, content: string, special: boolean) {
  return {id, content, special, single_word: false, lstrip: false, rstrip: false, normalized: false}
}

/** The printable stand-in of each byte, computed here a second time: GPT-2's table, by counting. */
export const byteCharacters: readonly string[] = (() => {
  const printable = [...range(33, 126), ...range(161, 172), ...range(174, 255)]
  const others = range(0, 255).filter((byte) => !printable.includes(byte))
  return range(0, 255).map((byte) => String.fromCodePoint(printable.includes(byte) ? byte : 256 + others.indexOf(byte)))
})()

function range(first: number, last: number): number[] {
  return Array.from({length: last - first + 1}, (_, i) => first + i)
}

const spell = (text: string) => Array.from(Buffer.from(text), (byte) => byteCharacters[byte]).join('')

/**
 * Byte-level BPE: ids 0 to 255 are the bytes, then each merge; 1000 to 1005 are added. `<think>` and `</think>` are not
 * flagged special, as in R1-Distill-Qwen; the two spaces are ordinary text.
 */
export function byteLevel(words: readonly string[] = [' size', ' and', ' decreases']) {
  const vocab: Record<string, number> = Object.fromEntries(byteCharacters.map((character, byte) => [character, byte]))
  const merges: [string, string][] = []
  for (const word of words) {
    const characters = Array.from(spell(word))
    for (let end = 1; end < characters.length; end++) {
      const left = characters.slice(0, end).join('')
      if (vocab[left + characters[end]] !== undefined) continue
      merges.push([left, characters[end]])
      vocab[left + characters[end]] = 256 + merges.length - 1
    }
  }
  return {
    version: '1.0',
    added_tokens: [
      addedToken(1000, '<bos>', true),
      addedToken(1001, '<eos>', true),
      addedToken(1002, '<pad>', true),
      addedToken(1003, '<think>', false),
      addedToken(1004, '</think>', false),
      addedToken(1005, '  ', false),
    ],
    normalizer: null as unknown,
    pre_tokenizer: {type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true} as unknown,
    post_processor: null as unknown,
    decoder: {type: 'ByteLevel'} as unknown,
    model: {type: 'BPE', unk_token: null as string | null, vocab, merges, ignore_merges: false, byte_fallback: false},
  }
}

export const byteLevelConfig = {bos_token: '<bos>', eos_token: '<eos>', pad_token: '<pad>', add_bos_token: true}

/** As Llama 2 has it: a space before every text. */
export const spaceInFront = {
  type: 'Sequence',
  normalizers: [
    {type: 'Prepend', prepend: '\u2581'},
    {type: 'Replace', pattern: {String: ' '}, content: '\u2581'},
  ],
}

/** BPE with byte fallback: U+2581 for a space, `<0xNN>` for what no token has; ids 0 to 2 are special. */
export function byteFallback() {
  const bytes = range(0, 255).map((byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
  const pieces = ['▁', 's', 'i', 'z', 'e', 'a', 'n', 'd', 'si', 'ze', 'size', '▁size', '▁▁']
  const vocab = Object.fromEntries(['<unk>', '<s>', '</s>', ...bytes, ...pieces].map((token, id) => [token, id]))
  return {
    version: '1.0',
    added_tokens: ['<unk>', '<s>', '</s>'].map((content, id) => addedToken(id, content, true)),
    normalizer: {type: 'Replace', pattern: {String: ' '}, content: '▁'} as unknown,
    pre_tokenizer: null as unknown,
    post_processor: null as unknown,
    decoder: {
      type: 'Sequence',
      decoders: [{type: 'Replace', pattern: {String: '▁'}, content: ' '}, {type: 'ByteFallback'}, {type: 'Fuse'}],
    },
    model: {
      type: 'BPE',
      unk_token: '<unk>' as string | null,
      byte_fallback: true,
      fuse_unk: true,
      vocab,
      merges: [
        ['s', 'i'],
        ['z', 'e'],
        ['si', 'ze'],
        ['▁', 'size'],
        ['▁', '▁'],
      ],
    },
  }
}
