import type {RewardName} from '../config/names.js'
import type {Config} from '../config/schema.js'
import type {Completion, TokenSpan} from '../records/records.js'
import {UsageError} from '../util/errors.js'
import {maxOf, minOf} from '../util/extremes.js'
import {correctTerm} from './correct.js'
import {conditionalDenseTerm, denseTerm} from './dense.js'
import {firstTokenTerm} from './first-token.js'
import {informationGainTerm} from './information-gain.js'
import {lengthBudgetTerm} from './length-budget.js'
import {missingAnswerTerm} from './missing-answer.js'
import {overlongTerm} from './overlong.js'
import {prefixMatchTerm} from './prefix-match.js'
import type {RewardKind, RewardTerm, TermSetup} from './term.js'

/** Every term by name. Adding one is one file, one row, and its name in config/names.ts. */
const rewardTerms: Readonly<Record<RewardName, RewardKind>> = {
  'prefix-match': {items: 'contexts', pays: 'right', open: () => prefixMatchTerm},
  'first-token': {items: 'contexts', pays: 'degree', open: firstTokenTerm},
  dense: {items: 'contexts', pays: 'degree', asks: 'policy', open: denseTerm},
  'conditional-dense': {items: 'contexts', pays: 'degree', asks: 'policy', open: conditionalDenseTerm},
  'information-gain': {items: 'contexts', pays: 'degree', asks: 'average', open: informationGainTerm},
  correct: {items: 'any', pays: 'right', open: () => correctTerm},
  'missing-answer': {items: 'any', pays: 'format', open: () => missingAnswerTerm},
  'length-budget': {items: 'any', pays: 'format', isTimed: true, open: lengthBudgetTerm},
  overlong: {items: 'any', pays: 'format', open: overlongTerm},
}

/** A term with its name and weight. */
export interface WeightedTerm<Item> {
  readonly name: RewardName
  readonly weight: number
  readonly term: RewardTerm<Item>
}

/** What `reward.terms` asks for. */
export type TermSettings = NonNullable<Config['reward']['terms']>

/**
 * Checks that all terms can score the items of a task.
 *
 * @param areContexts whether its items are contexts of documents
 * @throws {UsageError} when one cannot, or one is named twice
 */
export function checkTerms(terms: TermSettings, areContexts: boolean): void {
  for (const [i, {name}] of terms.entries()) {
    if (terms.findIndex((other) => other.name === name) < i)
      throw new UsageError(`reward.terms names ${name} twice; expected each name at most once`, {
        suggestions: ['give it one weight'],
      })
    if (!areContexts && rewardTerms[name].items === 'contexts')
      throw new UsageError(`reward.terms[${i}] is ${name}, which compares an answer with the tokens of a document`, {
        suggestions: [`terms that can score items of this task: ${namesFor('any').join(', ')}`],
      })
  }
}

function namesFor(items: RewardKind['items']): string[] {
  return Object.entries(rewardTerms)
    .filter(([, kind]) => kind.items === items)
    .map(([name]) => name)
}

/** See `RewardKind.pays`. */
export function whatPays(name: RewardName): RewardKind['pays'] {
  return rewardTerms[name].pays
}

/** Whether a term asks the model. */
export function asksModel(terms: TermSettings): boolean {
  return terms.some(({name}) => rewardTerms[name].asks !== undefined)
}

/** Whether a term asks the moving average of the weights. */
export function needsAverage(terms: TermSettings): boolean {
  return terms.some(({name}) => rewardTerms[name].asks === 'average')
}

/** Whether a term's scores depend on how much of the run is over. */
export function isTimed(terms: TermSettings): boolean {
  return terms.some(({name}) => rewardTerms[name].isTimed)
}

/** Makes the terms; `checkTerms` has found that they fit the items. */
export function openTerms<Item>(terms: TermSettings, setup: TermSetup): WeightedTerm<Item>[] {
  return terms.map(({name, weight}) => ({
    name,
    weight,
    // A term for contexts meets no other items: see `checkTerms`.
    term: rewardTerms[name].open(setup) as RewardTerm<Item>,
  }))
}

/** The tokens of a completion that some term trains; undefined where one trains them all. */
export function trainedSpan(
  terms: readonly Pick<WeightedTerm<never>, 'term'>[],
  completion: Completion,
): TokenSpan | undefined {
  const spans = terms.map(({term}) => term.trains?.(completion))
  if (spans.includes(undefined)) return undefined
  const known = spans as TokenSpan[]
  return {from: minOf(known.map(({from}) => from)), to: maxOf(known.map(({to}) => to))}
}
