import {Sampler, streamSeed} from '../../src/core/util/rng.js'
import {type Problem, textOf, writeProblem} from './grammar.js'
import {type Trace, writeTrace} from './traces.js'

export interface GenerateOptions {
  readonly seed: number
  readonly documents?: number
  readonly traces?: number
}

export interface GeneratedCorpus {
  /** JSONL, one `{text}` per problem. */
  readonly corpus: string
  /** JSONL, one `{prompt, completion}` per trace. */
  readonly traces: string
  readonly problems: readonly Problem[]
  /** The problems that the traces were written on; none of them is in `problems`. */
  readonly traceProblems: readonly Problem[]
}

/** The corpus and the traces of a seed: no two problems, of either file, have the same signature. */
export function generate({seed, documents = 7000, traces = 18_000}: GenerateOptions): GeneratedCorpus {
  const seen = new Set<string>()
  const problems = drawProblems(new Sampler(streamSeed(seed, 'documents')), documents, seen)
  const traceProblems = drawProblems(new Sampler(streamSeed(seed, 'trace documents')), traces, seen)
  const sampler = new Sampler(streamSeed(seed, 'traces'))
  return {
    corpus: toJsonLines(problems.map((problem) => ({text: textOf(problem)}))),
    traces: toJsonLines(traceProblems.map((problem): Trace => writeTrace(problem, sampler))),
    problems,
    traceProblems,
  }
}

/** Draws problems whose signatures are not in `seen`, and adds them to it. */
export function drawProblems(sampler: Sampler, count: number, seen: Set<string>): Problem[] {
  const problems: Problem[] = []
  while (problems.length < count) {
    const problem = writeProblem(sampler)
    if (seen.has(problem.signature)) continue
    seen.add(problem.signature)
    problems.push(problem)
  }
  return problems
}

function toJsonLines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}
