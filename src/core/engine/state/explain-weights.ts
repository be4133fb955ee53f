import {headName} from '../../models/parameters.js'
import {shown} from '../../weights/index.js'

/** What is odd about the names of a checkpoint's tensors, and what to do about it. */
interface Finding {
  /** For the end of the message. */
  readonly what: string
  readonly suggestions: readonly string[]
}

/** Prefixes that wrappers put before names, and how to get rid of them. */
const prefixes: readonly {readonly prefix: string; readonly remedy: string}[] = [
  {prefix: '_orig_mod.', remedy: 'of a torch.compile model save model._orig_mod'},
  {prefix: 'module.', remedy: 'of a DataParallel or DistributedDataParallel model save model.module'},
  {prefix: 'base_model.model.', remedy: 'of a PEFT model save what merge_and_unload returns'},
  {prefix: 'pretrained_model.', remedy: "of TRL's model with a value head save model.pretrained_model"},
]

/** Names that give a foreign kind of weights away. */
const signs: readonly {readonly pattern: RegExp; readonly what: string; readonly remedy: string}[] = [
  {
    pattern: /(^|\.)(lora_[AB]|lora_embedding_[AB]|base_layer)(\.|$)/,
    what: 'of LoRA',
    remedy: 'merge it into its base model: in PEFT call merge_and_unload, then save_pretrained',
  },
  {
    pattern: /\.(qweight|qzeros|g_idx|scales|weight_scale(_inv)?|weight_packed|absmax|SCB|quant_state\..*)$/,
    what: 'of quantised weights',
    remedy: 'take the checkpoint in bfloat16, or dequantise it in transformers and save it again',
  },
  {
    pattern: /^(v_head|value_head|score|classifier)\./,
    what: 'of a value or classification head',
    remedy: 'save the language model without that head',
  },
]

/**
 * Says why a tensor may be missing.
 *
 * @param missing its name
 * @param names of the tensors that are there
 */
export function explainMissing(missing: string, names: readonly string[]): Finding {
  const prefixed = names.find((name) => name.endsWith(`.${missing}`))
  if (prefixed !== undefined) {
    const prefix = prefixed.slice(0, -missing.length)
    const known = prefixes.filter((one) => prefix.includes(one.prefix)).map(({remedy}) => remedy)
    return {
      what: `; there is ${shown(prefixed)}`,
      suggestions: [`remove the prefix ${shown(prefix)} from the names`, ...known.slice(0, 1)],
    }
  }
  const sign = explainExtra(names)
  if (sign.what !== '') return sign
  if (missing === headName)
    return {
      what: '',
      suggestions: [
        'set "tie_word_embeddings": true in config.json if the head shares the weights of the embedding',
        'else save the checkpoint again with its head (AutoModelForCausalLM in transformers)',
      ],
    }
  const bare = missing.replace(/^model\./, '')
  if (bare !== missing && names.includes(bare))
    return {
      what: `; there is ${bare}`,
      suggestions: ['save it with its head: AutoModelForCausalLM in transformers, not AutoModel'],
    }
  const isOfOtherKind = names.length > 0 && !names.some((name) => name.startsWith('model.'))
  return {what: isOfOtherKind ? `; there is ${shown(names[0])}` : '', suggestions: []}
}

/** Says what tensors that have no place may be; nothing where their names tell nothing. */
export function explainExtra(names: readonly string[]): Finding {
  for (const {pattern, what, remedy} of signs) {
    const name = names.find((candidate) => pattern.test(candidate))
    if (name !== undefined) return {what: `; ${shown(name)} is ${what}`, suggestions: [remedy]}
  }
  return {what: '', suggestions: []}
}
