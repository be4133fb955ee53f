import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {groupAdvantages} from '../../../src/core/grpo/advantages.js'
import {clusterOf} from '../../../src/core/records/cluster-of.js'
import {type Difficulty, difficulties} from '../../../src/core/records/records.js'
import {stepName} from '../../../src/core/runs/run-checkpoints.js'
import {AccuracyTally} from '../../../src/core/statistics/accuracy.js'
import {splitsOf} from '../../../src/core/statistics/split.js'
import {
  documentsTable,
  type EvalRow,
  evalTable,
  itemName,
  metricsTable,
  nullsOf,
  type PredictionRow,
  positionsTable,
  predictionsTable,
  type RolloutRow,
  rolloutsTable,
  writeTable,
} from '../../../src/core/tables/index.js'
import {writeLedger} from '../../../src/core/training/ledger.js'
import {groupBy} from '../../../src/core/util/group-by.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'

/** Folders shaped like a small experiment: prepared data, a base evaluation, an ntp run and an rpt run. */
export interface SyntheticRuns {
  readonly root: string
  readonly data: string
  readonly base: string
  readonly ntp: string
  readonly rpt: string
}

const levels: readonly Difficulty[] = ['easy', 'medium', 'hard']
const words = [' has', ' 17', ' pens', '.', ' After', ' C', ' Mia', ' Friday']
export const hostileText = '<script>alert("x")</script> & \\boxed{ 17}'

/** Writes everything below `root`; equal roots apart, the bytes are always the same. */
export async function writeSyntheticRuns(root: string): Promise<SyntheticRuns> {
  const at = (name: string) => join(root, name)
  const runs = {root, data: at('data'), base: at('eval'), ntp: at('ntp'), rpt: at('rpt')}
  await writeData(runs.data)
  await writeEvaluations(runs.base, 'base', [0], {standard: () => 0.32, reasoning: () => 0.03})
  await writeEvaluations(runs.ntp, 'ntp', [200], {standard: () => 0.36})
  await writeMetrics(runs.ntp, false)
  const reasoning = (step: number) => 0.48 - 0.32 * (10 / step) ** 0.9
  await writeEvaluations(runs.rpt, 'rpt', [10, 20, 40, 80, 120, 160, 200], {reasoning, 'forced-thought': () => 0.27})
  await writeMetrics(runs.rpt, true)
  await writeRollouts(runs.rpt, 1, 0.06)
  await writeRollouts(runs.rpt, 200, 0.45)
  await writeLedger({path: runs.rpt, at: (name) => join(runs.rpt, name)}, {task: 'next-token', all: trainItems}, 2, {
    warn: (words) => {
      throw new Error(words)
    },
  })
  for (const [path, objective] of [
    [runs.base, 'base'],
    [runs.ntp, 'ntp'],
    [runs.rpt, 'rpt'],
  ]) {
    const yaml = `seed: 0  # default\ndata:\n  dir: ${JSON.stringify(runs.data)}  # flag\ntrain:\n  objective: ${objective}  # <flag>\n`
    writeFileSync(join(path, 'config.resolved.yaml'), yaml)
    const summary = {command: objective === 'base' ? 'eval' : 'train', version: '0.1.0', wall_seconds: 104.7}
    writeFileSync(join(path, 'summary.json'), JSON.stringify(summary))
  }
  return runs
}

/** Every position of the training documents; a few of them were drawn. */
function trainItems() {
  const documents = Array.from({length: 20}, (_, i) => 20 + i)
  return documents.flatMap((document) =>
    Array.from({length: 29}, (_, i) => ({
      key: {source: `corpus.jsonl:${document}`, index: i + 1},
      stratum: levels[i % 3],
      entropy: 1,
    })),
  )
}

function textOf(document: number): string {
  return Array.from({length: 30}, (_, i) => words[(document + i * i) % words.length]).join('')
}

async function writeData(path: string): Promise<void> {
  mkdirSync(path, {recursive: true})
  const documents = Array.from({length: 40}, (_, document) => {
    const tokens = Array.from({length: 30}, (_, i) => words[(document + i * i) % words.length])
    const offsets = tokens.map((_, i) => Buffer.byteLength(tokens.slice(0, i).join('')))
    return {
      doc_id: `corpus.jsonl:${document}`,
      partition: document < 20 ? ('val' as const) : ('train' as const),
      text: textOf(document),
      token_ids: Int32Array.from(tokens, (token) => words.indexOf(token)),
      byte_offsets: Int32Array.from(offsets),
      goes_on: false,
    }
  })
  const positions = documents.flatMap(({doc_id, partition, token_ids}) =>
    Array.from({length: 29}, (_, i) => {
      const entropy = ((i * 7) % 20) / 10
      const difficulty: Difficulty = entropy > 1.5 ? 'hard' : entropy > 1 ? 'medium' : entropy > 0.5 ? 'easy' : 'none'
      return {
        doc_id,
        position: i + 1,
        partition,
        target_id: token_ids[i + 1],
        target_bytes: Buffer.from(words[token_ids[i + 1]]),
        entropy,
        difficulty_entropy: partition === 'val' ? entropy : null,
        target_logprob: -entropy,
        top1_id: 0,
        difficulty,
        kept: entropy > 0.5,
        reason: entropy > 0.5 ? 'kept' : 'below-threshold',
      }
    }),
  )
  await writeTable(join(path, 'documents.arrow'), documentsTable, documents)
  await writeTable(join(path, 'positions.arrow'), positionsTable, positions)
}

/** What these evaluations have nothing of. */
const costs = {prompt_tokens: 20, written_tokens: 10, answer_tokens: 1.26, flops: 3e7}
const unasked = {inexpressible: 0, accuracy_if_wrong: null, cut_tokens: 0, prompt_settings: '{}', ...costs}

type Chances = Readonly<Partial<Record<EvalRow['mode'], (step: number) => number>>>

async function writeEvaluations(
  path: string,
  objective: string,
  steps: readonly number[],
  chances: Chances,
): Promise<void> {
  mkdirSync(join(path, 'eval'), {recursive: true})
  const rows: EvalRow[] = []
  for (const step of steps) {
    const predictions: PredictionRow[] = []
    for (const [mode, chanceAt] of Object.entries(chances) as [EvalRow['mode'], (step: number) => number][]) {
      const own = predict(objective, mode, chanceAt(step))
      predictions.push(...own)
      const tally = new AccuracyTally({strata: difficulties, splits: splitsOf('nested'), bootstraps: 200})
      for (const {cluster, split, correct} of own) tally.add({cluster, stratum: split, correct})
      for (const cell of tally.bySplit()) {
        const {split, count, correct, accuracy, ciLow: ci_low, ciHigh: ci_high} = cell
        const numbers = {
          split,
          count,
          correct,
          accuracy,
          ci_low,
          ci_high,
          pass_at_k: null,
          pass_at: null,
          pass_at_low: null,
          pass_at_high: null,
          ...unasked,
        }
        rows.push({
          ...nullsOf(evalTable),
          run: objective,
          objective,
          checkpoint: `step-${step}`,
          step,
          mode,
          seed: 0,
          ...numbers,
        })
      }
    }
    const name = `${stepName(step)}.arrow`
    await writeTable(join(path, 'eval', name), predictionsTable, predictions)
  }
  await writeTable(join(path, 'eval.arrow'), evalTable, rows)
}

function predict(objective: string, mode: EvalRow['mode'], chance: number): PredictionRow[] {
  const sampler = new Sampler(streamSeed(7, objective, mode, chance))
  return Array.from({length: 1000}, (_, i) => {
    const correct = sampler.next() < chance * [1.04, 1, 0.9][i % 3]
    const doc_id = `corpus.jsonl:${i % 20}`
    const position = 1 + Math.floor(i / 20)
    return {
      ...itemOf(doc_id, position),
      mode,
      split: levels[i % 3],
      sample: 0,
      prediction: Buffer.from(correct ? ' 17' : '17'),
      truth: Buffer.from(' 17 pens'),
      correct,
      outcome: mode === 'standard' ? null : 'parsed',
      completion_text: mode === 'standard' ? null : `${thoughtAt(objective, i)}</think>\\boxed{ 17}`,
      cut_tokens: 0,
    }
  })
}

/** Guesses are worded as such by the base at every tenth position, after training at every fifth. */
function thoughtAt(objective: string, index: number): string {
  return index % (objective === 'base' ? 10 : 5) === 0 ? ' Probably 17' : ' 13 A adds 4'
}

/** The columns that name a position. */
function itemOf(doc_id: string, position: number) {
  return {
    doc_id,
    position,
    task: 'next-token',
    item: itemName({source: doc_id, index: position}),
    cluster: clusterOf(doc_id),
  }
}

async function writeMetrics(path: string, isRpt: boolean): Promise<void> {
  const sampler = new Sampler(streamSeed(1, 'metrics'))
  const rows = Array.from({length: 200}, (_, i) => {
    const step = i + 1
    const noise = () => 0.04 * sampler.normal()
    const shared = {
      ...nullsOf(metricsTable),
      step,
      wall_seconds: step / 2,
      loss: isRpt ? noise() / 10 : 2.2 - 0.4 * (1 - Math.exp(-step / 50)) + noise() / 2,
      grad_norm: 1 + noise() * 5,
      learning_rate: 1e-4,
      'rpt/flops_update': 6e9,
      num_tokens: step * 2000,
      step_time: 0.5,
    }
    if (!isRpt) return shared
    return {
      ...shared,
      reward: 0.05 + 0.38 * (1 - Math.exp(-step / 30)) + noise() / 1.5,
      reward_std: 0.3 + noise(),
      frac_reward_zero_std: 0.66 - 0.45 * (1 - Math.exp(-step / 20)) + noise(),
      entropy: 0.32 * Math.exp(-step / 60) + 0.05,
      'completions/mean_length': 13.2 + noise() * 4,
      'completions/clipped_ratio': 0,
      'rpt/outcome_parsed': 0.97,
      'rpt/outcome_no-box': 0.02,
      'rpt/outcome_truncated': 0.01,
      'rpt/outcome_unfinished-thinking': 0,
      'rpt/flops_generation': 4e9,
    }
  })
  await writeTable(join(path, 'metrics.arrow'), metricsTable, rows)
}

async function writeRollouts(path: string, step: number, chance: number): Promise<void> {
  mkdirSync(join(path, 'rollouts'), {recursive: true})
  const sampler = new Sampler(streamSeed(step, 'rollouts'))
  const rows: RolloutRow[] = Array.from({length: 32 * 8}, (_, i) => {
    const group = Math.floor(i / 8)
    const isRight = sampler.next() < chance
    const isHostile = i === 3
    const prediction = isRight ? ' 17' : i % 2 === 0 ? '17' : ' 18'
    const thought = ` 13 A adds 3 16 B costs 2 14 C adds ${i % 5}`
    return {
      step,
      ...itemOf(`corpus.jsonl:${20 + (group % 20)}`, 5 + (group % 7)),
      group,
      sample: i % 8,
      prompt_ids: Int32Array.of(1, 2, 3),
      completion_ids: Int32Array.from({length: 14}, (_, token) => token),
      completion_text: isHostile ? hostileText : `${thought}</think>\\boxed{${prediction}}`,
      old_logprobs: new Float32Array(14),
      stop_reason: 'end-of-text',
      outcome: isHostile ? 'unfinished-thinking' : 'parsed',
      prediction: isHostile ? null : Buffer.from(prediction),
      truth: Buffer.from(' 17 pens.'),
      boundaries: Int32Array.of(3, 8, 9),
      reward: isRight && !isHostile ? 1 : 0,
      reward_parts: {'missing-answer': isHostile ? -1 : 0, 'prefix-match': isRight && !isHostile ? 1 : 0},
      explanation: isRight ? 'the prediction is the next token' : `"${prediction}" is not a prefix of " 17 pens."`,
      advantage: 0,
      cut_tokens: 0,
      correct: isRight && !isHostile,
    }
  })
  const rewards = [...groupBy(rows, ({group}) => group).values()].map((own) => own.map(({reward}) => reward))
  const advantages = groupAdvantages(rewards, {std: 'population', advantageEpsilon: 1e-6}).flat()
  const scored = rows.map((row, i) => ({...row, advantage: advantages[i]}))
  await writeTable(join(path, 'rollouts', `${stepName(step)}.arrow`), rolloutsTable, scored)
}
