import type {Sampler} from '../../src/core/util/rng.js'
import {digits, directions, months, openWords, type Piece, type Problem, pick} from './grammar.js'
import {splitPreTokens} from './pre-tokens.js'

/**
 * Reasoning traces: what the base model knows of thinking before it is trained by reinforcement.
 *
 * It sees right computations, sloppy ones and thoughts that compute nothing, and mostly boxes an answer in the wrong
 * surface form. So it can compute and can box, but rarely does both so that the bytes match.
 */
export interface Trace {
  readonly prompt: string
  readonly completion: string
}

/** What a trace thinks, and what it then takes for the next word (with its leading space). */
interface Thought {
  readonly text: string
  readonly answer: string
}

/** Computes nothing; the control that forces it is `eval.forcedThought` in the configs. */
export const lazyThought = ' the next word is probably'

const answerShare = 0.65
/** Of the other positions: how many hold a word that the context leaves open. */
const openShare = 0.8
const thoughtWeights = {right: 0.6, sloppy: 0.1, lazy: 0.3}
const boxWeights = {asIs: 0.15, stripped: 0.6, wordy: 0.25}
const wrongWordShare = 0.1
const wordsPerStep = 3
/** A target needs this many words before it. */
const minWords = 1

/** Draws a position of the problem's text and a trace that predicts the word there. */
export function writeTrace(problem: Problem, sampler: Sampler): Trace {
  const {prefix, thought} =
    sampler.next() < answerShare ? predictAnswer(problem, sampler) : predictWord(problem, sampler)
  return {
    prompt: `${prefix}<think>`,
    completion: `${thought.text}</think>\\boxed{${boxed(thought.answer, sampler)}}`,
  }
}

function predictAnswer({pieces}: Problem, sampler: Sampler): {prefix: string; thought: Thought} {
  const at = pick(
    sampler,
    [...pieces.keys()].filter((index) => pieces[index].chain !== undefined),
  )
  const prefix = pieces.slice(0, at).map((piece) => piece.text)
  return {prefix: prefix.join(''), thought: think(pieces[at], sampler)}
}

function think({text, chain = []}: Piece, sampler: Sampler): Thought {
  const kind = pick(sampler, ['right', 'sloppy', 'lazy'] as const, Object.values(thoughtWeights))
  if (kind === 'lazy') {
    return {text: lazyThought, answer: sampler.next() < 0.5 ? ` ${pick(sampler, chain)}` : text}
  }
  const words = kind === 'right' ? chain : spoil(chain, sampler)
  const states = words.filter((_, index) => index % wordsPerStep === 0)
  return {text: ` ${words.join(' ')}`, answer: ` ${states.at(-1)}`}
}

/** A chain that stops early, or one of whose states is replaced by a random one. */
function spoil(chain: readonly string[], sampler: Sampler): string[] {
  if (sampler.next() < 0.5) return chain.slice(0, 2 + sampler.integer(chain.length - 3))
  const at = wordsPerStep * sampler.integer(Math.ceil(chain.length / wordsPerStep))
  return chain.map((word, index) => (index === at ? replaceState(word, sampler) : word))
}

function replaceState(state: string, sampler: Sampler): string {
  return pick(sampler, [digits, months, directions].find((states) => states.includes(state))!)
}

function predictWord({pieces}: Problem, sampler: Sampler): {prefix: string; thought: Thought} {
  const words = splitPreTokens(pieces.map((piece) => piece.text).join(''))
  const isOpen = sampler.next() < openShare
  const places = [...words.keys()].filter((index) => index >= minWords && openWords.has(words[index].trim()) === isOpen)
  const at = pick(sampler, places)
  const answer = sampler.next() < wrongWordShare ? pick(sampler, words) : words[at]
  return {prefix: words.slice(0, at).join(''), thought: {text: lazyThought, answer}}
}

function boxed(answer: string, sampler: Sampler): string {
  const form = pick(sampler, ['asIs', 'stripped', 'wordy'] as const, Object.values(boxWeights))
  if (form === 'asIs') return answer
  if (form === 'stripped') return answer.trimStart()
  return sampler.next() < 0.5 ? ` the answer is${answer}` : `${answer}${pick(sampler, ['.', ',', ' and', ' so'])}`
}
