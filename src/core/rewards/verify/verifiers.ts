import type {VerifierName} from '../../config/names.js'
import {boxed} from './boxed.js'
import {exact} from './exact.js'
import {numeric} from './numeric.js'
import type {Verifier} from './verifier.js'

/**
 * How an answer may be compared with the truth: as text, as a number, as mathematics. Adding one is one file, one row, and
 * its name in config/names.ts.
 */
export const verifiers: Readonly<Record<VerifierName, Verifier>> = {exact, numeric, boxed}
