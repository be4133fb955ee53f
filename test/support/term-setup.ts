import {configSchema} from '../../src/core/config/schema.js'
import type {TermSetup} from '../../src/core/rewards/term.js'
import type {Tokenizer} from '../../src/core/tokenizer/tokenizer.js'

/** What a reward's term is made with, the settings at their defaults. */
export function termSetup(tokenizer: Tokenizer, changes: Partial<Omit<TermSetup, 'tokenizer'>> = {}): TermSetup {
  return {tokenizer, maxPositions: 100, maxTokens: 32, settings: configSchema.parse({}).reward, ...changes}
}
