import {boxed} from './boxed.js'
import {exact} from './exact.js'
import {numeric} from './numeric.js'
import type {Verifier} from './verifier.js'

/** How an answer may be compared with the truth: as text, as a number, as mathematics. */
export const verifierNames = ['exact', 'numeric', 'boxed'] as const

/** A name in `verifierNames`. */
export type VerifierName = (typeof verifierNames)[number]

/** Every verifier by name. Adding one is one file and one row. */
export const verifiers: Readonly<Record<VerifierName, Verifier>> = {exact, numeric, boxed}
