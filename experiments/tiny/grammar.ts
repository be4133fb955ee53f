import type {Sampler} from '../../src/core/util/rng.js'

/**
 * The language of the miniature experiment: worked problems of three families.
 *
 * A problem has a start state and eight labelled operations; it asks for the state after the fourth and after the eighth.
 * Both answers follow from the text, but only through four updates each. All other content words are noise.
 */

/** A stretch of a document; answers carry the words of the computation that leads to them. */
export interface Piece {
  readonly text: string
  readonly chain?: readonly string[]
}

export interface Problem {
  /** Family, start state and operations: what a held-out problem may not share with a training one. */
  readonly signature: string
  readonly pieces: readonly Piece[]
}

/**
 * What a family fixes; everything else is common to all.
 *
 * Every operation permutes the states, and not all of them commute: the answer is no sum that one pass could collect.
 */
interface Family {
  readonly name: string
  readonly states: readonly string[]
  /** Likeliest first; each maps a state's index to the next one, which is taken modulo the number of states. */
  readonly operations: Readonly<Record<string, (index: number) => number>>
  /** What stands between the colour and the start state. */
  readonly subject: (sampler: Sampler) => string
  /** Heading of the operations: the usual word and the rarer one. */
  readonly headings: readonly [usual: string, rare: string]
  readonly ask: string
}

export const digits = '0 1 2 3 4 5 6 7 8 9'.split(' ')
export const months = 'January February March April May June July August September October November December'.split(' ')
export const directions = 'north east south west'.split(' ')
const names = 'Anna Boris Clara David Elena Felix Greta Henry Irene James Karen Louis'.split(' ')
const colours = 'red blue green white black yellow silver brown golden purple'.split(' ')
/** Closing words: the usual one and the rarer one. */
const closings: readonly (readonly [usual: string, rare: string])[] = [
  ['checked', 'copied'],
  ['twice', 'again'],
  ['today', 'there'],
]
const labels = 'A B C D E F G H'.split(' ')
const stepsPerQuestion = 4
/** Entropy 1.32 nats: medium, not hard. */
const operationWeights = [0.4, 0.25, 0.2, 0.15]
/** Entropy 0.61 nats: easy, not medium. */
const usualShare = 0.7

const families: readonly Family[] = [
  {
    name: 'dial',
    states: digits,
    operations: {
      triple: (digit) => 3 * digit,
      up: (digit) => digit + 4,
      flip: (digit) => 9 - digit,
      down: (digit) => digit + 9,
    },
    subject: (sampler) => ` dial of ${pick(sampler, names)} shows`,
    headings: ['Turns', 'Knobs'],
    ask: ' it shows',
  },
  {
    name: 'team',
    states: months,
    operations: {
      late: (month) => month + 5,
      mirror: (month) => 11 - month,
      early: (month) => month + 10,
      leap: (month) => 5 * month,
    },
    subject: () => ' team starts in',
    headings: ['Phases', 'Plans'],
    ask: ' it is',
  },
  {
    name: 'robot',
    states: directions,
    operations: {
      left: (direction) => direction + 3,
      right: (direction) => direction + 1,
      around: (direction) => direction + 2,
      mirror: (direction) => 4 - direction,
    },
    subject: () => ' robot faces',
    headings: ['Moves', 'Steps'],
    ask: ' it faces',
  },
]

/** Draws one problem: a family, its values and its noise. */
export function writeProblem(sampler: Sampler): Problem {
  const {name, states, operations, subject, headings, ask} = pick(sampler, families)
  const before = `The ${pick(sampler, colours)}${subject(sampler)}`
  const path = [pick(sampler, states)]
  const drawn = Array.from({length: 2 * stepsPerQuestion}, () =>
    pick(sampler, Object.keys(operations), operationWeights),
  )
  for (const operation of drawn) {
    const next = operations[operation](states.indexOf(path.at(-1)!))
    path.push(states[next % states.length])
  }
  const listed = drawn.map((operation, index) => `${labels[index]} ${operation}`)
  const question = (last: number): Piece[] => [
    {text: ` After ${labels[last - 1]}${ask}`},
    {text: ` ${path[last]}`, chain: writeChain(path, listed, last)},
    {text: '.'},
  ]
  const [verb, count, place] = closings.map((words) => usually(sampler, ...words))
  const [author, reader] = [pick(sampler, names), pick(sampler, names)]
  const closing = ` ${author} ${verb} it ${count} ${place} for ${reader}.`
  return {
    signature: [name, path[0], ...drawn].join(' '),
    pieces: [
      {text: `${before} ${path[0]}. ${usually(sampler, ...headings)}: ${listed.join(', ')}.`},
      ...question(stepsPerQuestion),
      ...question(2 * stepsPerQuestion),
      {text: closing},
    ],
  }
}

/** The last printed state, then label, operation and new state of each step up to operation `last`. */
function writeChain(path: readonly string[], listed: readonly string[], last: number): string[] {
  const first = last - stepsPerQuestion
  const steps = listed.slice(first, last).map((step, index) => `${step} ${path[first + index + 1]}`)
  return [path[first], ...steps.join(' ').split(' ')]
}

/** Words that their context leaves open: all that is drawn at random, and the states. */
export const openWords: ReadonlySet<string> = new Set([
  ...families.flatMap((family) => [
    family.name,
    ...family.states,
    ...Object.keys(family.operations),
    ...family.headings,
  ]),
  ...names,
  ...colours,
  ...closings.flat(),
])

export function textOf(problem: Problem): string {
  return problem.pieces.map((piece) => piece.text).join('')
}

/** Draws an item; uniformly without weights (which sum to 1). */
export function pick<T>(sampler: Sampler, items: readonly T[], weights?: readonly number[]): T {
  if (weights === undefined) return items[sampler.integer(items.length)]
  let rest = sampler.next()
  const index = weights.findIndex((weight) => {
    rest -= weight
    return rest < 0
  })
  return items[index < 0 ? items.length - 1 : index]
}

function usually(sampler: Sampler, usual: string, rare: string): string {
  return sampler.next() < usualShare ? usual : rare
}
