import {z} from 'zod'

const addedFields = {
  content: z.string().min(1),
  special: z.boolean().optional(),
  single_word: z.boolean().optional(),
}
const addedToken = z.looseObject({id: z.int().min(0), ...addedFields})
const component = z.looseObject({type: z.string()}).nullish()
/** Shape of `tokenizer.json` with a BPE model. */
export const tokenizerJson = z.looseObject({
  added_tokens: z.array(addedToken).optional(),
  normalizer: component,
  pre_tokenizer: component,
  decoder: component,
  model: z.looseObject({
    vocab: z.record(z.string(), z.int().min(0)),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
    byte_fallback: z.boolean().nullish(),
    ignore_merges: z.boolean().nullish(),
    fuse_unk: z.boolean().nullish(),
    unk_token: z.string().nullish(),
    continuing_subword_prefix: z.string().nullish(),
    end_of_word_suffix: z.string().nullish(),
    dropout: z.number().nullish(),
  }),
})
/** As much of `tokenizer.json` as tells the kind of its model. */
export const modelType = z.looseObject({
  model: z.looseObject({type: z.string().optional(), merges: z.unknown().optional()}),
})

const tokenName = z.union([z.string(), z.looseObject({content: z.string()})]).nullish()
const specialTokens = {bos_token: tokenName, eos_token: tokenName, pad_token: tokenName, unk_token: tokenName}
/** Shape of `special_tokens_map.json`. */
export const specialTokensMap = z.looseObject(specialTokens)
/** Shape of `tokenizer_config.json`. */
export const configJson = z.looseObject({
  ...specialTokens,
  add_bos_token: z.boolean().nullish(),
  added_tokens_decoder: z.record(z.string().regex(/^\d+$/), z.looseObject(addedFields)).nullish(),
  chat_template: z.union([z.string(), z.array(z.looseObject({name: z.string(), template: z.string()}))]).nullish(),
})

/** What is read of `tokenizer.json`; its other fields are passed on. */
export type TokenizerJson = z.infer<typeof tokenizerJson>
/** What is read of `tokenizer_config.json`, and of `special_tokens_map.json` where that names what the first does not. */
export type TokenizerConfig = z.infer<typeof configJson>
/** A special token, by its text or by an object with the text. */
export type TokenName = z.infer<typeof tokenName>
