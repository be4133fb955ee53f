import {thoughtOf, writtenThoughtOf} from '../analysis/thought-text.js'
import {isUniform} from '../grpo/advantages.js'
import type {Outcome} from '../records/records.js'
import {outcomes} from '../records/records.js'
import type {RolloutRow} from '../tables/index.js'
import {groupBy} from '../util/group-by.js'
import {meanOf, meansByName} from '../util/means.js'
import {plural} from '../util/plural.js'
import {percent} from './format.js'

const groupKinds = ['mixed', 'all_wrong', 'all_right', 'equal_rewards'] as const

/** Whether the rewards of a group differ, and what they have in common where they do not. */
export type GroupKind = (typeof groupKinds)[number]

/** What the completions of one step did, as shares in [0, 1]. */
export interface RolloutStatistics {
  /** Whose items they are of. */
  readonly task: string
  readonly completions: number
  readonly groups: number
  readonly mean_reward: number
  /** Mean of each term of the reward before its weight, by name; none where an older run did not keep them. */
  readonly mean_reward_parts: Readonly<Record<string, number>>
  readonly mean_tokens: number
  /** Share of the groups that are learned from: an advantage is not 0. What that takes, the loss says. */
  readonly groups_learned: number
  /** Shares of the groups, which sum to 1: those in which rewards differ, and three kinds of equal rewards. */
  readonly groups_mixed: number
  readonly groups_all_wrong: number
  readonly groups_all_right: number
  /** Right and wrong answers that earned the same. */
  readonly groups_equal_rewards: number
  /** The same as numbers of groups. */
  readonly group_counts: Readonly<Record<GroupKind, number>>
  /** Shares of the groups that nothing is learned from, by their rewards. */
  readonly groups_idle: Readonly<Record<GroupKind, number>>
  readonly outcomes: Readonly<Record<Outcome, number>>
  /** Completions that are wrong although parsed, by what was wrong with the prediction. */
  readonly losses: Readonly<Record<Loss, number>>
  /** Share of the most frequent thought, and that thought: trimmed, and as it was written most often. */
  readonly repeated_thought: number
  readonly commonest_thought: string
  readonly commonest_thought_written: string
}

const losses = ['empty', 'missing-space', 'extra-space', 'inside-token', 'other'] as const

/** Why a parsed prediction is wrong; of a truth without token boundaries only whether it is empty. */
export type Loss = (typeof losses)[number]

/** Statistics of one step's completions; `rows` must not be empty. */
export function summarizeRollouts(rows: readonly RolloutRow[]): RolloutStatistics {
  const groups = [...groupBy(rows, ({group}) => group).values()]
  const kinds = groups.map(kindOf)
  const shares = tally(groupKinds, kinds)
  const idle = groups.filter((group) => !isLearned(group))
  const lost = rows.filter(({outcome, correct}) => outcome === 'parsed' && !correct).map(lossOf)
  const [commonest, same] = commonestOf(rows, ({completion_text}) => thoughtOf(completion_text))
  const [written] = commonestOf(same, ({completion_text}) => writtenThoughtOf(completion_text))
  return {
    task: rows[0].task,
    completions: rows.length,
    groups: groups.length,
    mean_reward: meanOf(rows.map(({reward}) => reward)),
    mean_reward_parts: meansByName(rows.map(({reward_parts: parts}) => parts)),
    mean_tokens: meanOf(rows.map(({completion_ids}) => completion_ids.length)),
    groups_learned: 1 - idle.length / groups.length,
    groups_mixed: shares.mixed,
    groups_all_wrong: shares.all_wrong,
    groups_all_right: shares.all_right,
    groups_equal_rewards: shares.equal_rewards,
    group_counts: tally(groupKinds, kinds, 1),
    groups_idle: tally(groupKinds, idle.map(kindOf), groups.length),
    outcomes: tally(
      outcomes,
      rows.map(({outcome}) => outcome),
    ),
    losses: tally(losses, lost, rows.length),
    repeated_thought: same.length / rows.length,
    commonest_thought: commonest,
    commonest_thought_written: written,
  }
}

interface Finding {
  readonly isSeen: (statistics: RolloutStatistics) => boolean
  readonly say: (statistics: RolloutStatistics, words: TaskWords) => string
}

/** What findings call the things of a task. */
interface TaskWords {
  readonly items: string
  /** The setting of its template. */
  readonly template: string
  readonly takeHarder: string
}

/** The tasks that are trained by reward; a task of another name has the words of questions. */
const taskWords: Readonly<Partial<Record<string, TaskWords>>> & {readonly questions: TaskWords} = {
  'next-token': {items: 'positions', template: 'prompt.template', takeHarder: 'Raise data.selectThreshold'},
  questions: {items: 'questions', template: 'prompt.questionTemplate', takeHarder: 'Take harder questions'},
}

/** In the order in which they stand in the way of learning. */
const findings: readonly Finding[] = [
  {
    isSeen: ({groups_idle}) => groups_idle.all_wrong > 0.5,
    say: ({groups_idle}, {items}) =>
      `${percent(groups_idle.all_wrong)}% of groups all-wrong: nothing is learned from them. Compare pass@k (rpt eval --samples 8): ` +
      `near 0 the model needs a warm start (objective sft) or easier ${items}.`,
  },
  {
    isSeen: ({groups_idle}) => groups_idle.all_right > 0.5,
    say: ({groups_idle}, {takeHarder}) =>
      `${percent(groups_idle.all_right)}% of groups all-right: nothing is left to learn from them. ` +
      `${takeHarder} or let dynamic sampling start earlier.`,
  },
  {
    isSeen: ({groups_idle}) => groups_idle.equal_rewards > 0.1,
    say: ({groups_idle}) =>
      `${percent(groups_idle.equal_rewards)}% of groups have right and wrong answers of equal reward: nothing is learned from them. ` +
      'See reward.terms: give a term that pays for right answers (correct) more weight.',
  },
  {
    isSeen: ({outcomes}) => outcomes.truncated > 0.1,
    say: ({outcomes}) =>
      `${percent(outcomes.truncated)}% of completions were cut at the limit before an answer: raise rollout.maxTokens, ` +
      'or look for repetition in their text.',
  },
  {
    isSeen: ({outcomes}) => outcomes['unfinished-thinking'] > 0.2,
    say: ({outcomes}, {template}) =>
      `${percent(outcomes['unfinished-thinking'])}% never close their thought with </think>: the model does not know the ` +
      `form; try another ${template} or a warm start.`,
  },
  {
    isSeen: ({outcomes}) => outcomes['no-box'] > 0.2,
    say: ({outcomes}, {template}) =>
      `${percent(outcomes['no-box'])}% have no \\boxed{...} where the answer belongs: ${template} or the base model does not ask for one.`,
  },
  {
    isSeen: ({losses}) => losses['missing-space'] > 0.05,
    say: ({losses}) =>
      `${percent(losses['missing-space'])}% would have won with a leading space in the box: the word is known, its form is not yet.`,
  },
  {
    isSeen: ({losses}) => losses['extra-space'] > 0.05,
    say: ({losses}) => `${percent(losses['extra-space'])}% would have won without a space at the end of the box.`,
  },
  {
    isSeen: ({losses}) => losses['inside-token'] > 0.05,
    say: ({losses}) =>
      `${percent(losses['inside-token'])}% are the start of the truth but end inside a token, which Eq. 3 does not count as right.`,
  },
  {
    isSeen: ({losses}) => losses.empty > 0.05,
    say: ({losses}) => `${percent(losses.empty)}% have an empty box.`,
  },
  {
    isSeen: ({repeated_thought, completions}) => repeated_thought > 0.3 && completions > 8,
    say: ({repeated_thought, commonest_thought, commonest_thought_written}) =>
      `${percent(repeated_thought)}% of thoughts are the same text, ${JSON.stringify(commonest_thought.slice(0, 60))}: ` +
      `reward may be won without thinking; evaluate with ${controlOf(commonest_thought_written)}.`,
  },
]

/** What stands between single quotes of a shell, on one line that a reader can take in. */
const quotable = /^[^'\p{C}]{1,200}$/u
/** Text that `--set` takes as it is: without quotes around it, and not the word that puts a default back. */
const takenAsItIs = /^(?!\s*(?:null|(["']).*\1)\s*$)[^\p{C}]*$/u

/** The evaluation that forces a thought to the last byte, as flags where it can stand between quotes of a shell. */
function controlOf(thought: string): string {
  if (thought === '') return '--mode empty-thought'
  const value = takenAsItIs.test(thought) ? thought : JSON.stringify(thought)
  const setting = quotable.test(value)
    ? `--set 'eval.forcedThought=${value}'`
    : 'eval.forcedThought set to that thought'
  return `--mode forced-thought and ${setting}`
}

/** What stands out in a step, in plain language; never empty. */
export function diagnose(statistics: RolloutStatistics): string[] {
  const words = taskWords[statistics.task] ?? taskWords.questions
  const seen = findings.filter(({isSeen}) => isSeen(statistics)).map(({say}) => say(statistics, words))
  const {groups, groups_mixed: mixed, groups_learned: learned} = statistics
  const signal = `${percent(mixed)}% of ${plural(groups, 'group')} carry signal (rewards differ); ${percent(learned)}% are learned from.`
  return [signal, ...(seen.length > 0 ? seen : ['Nothing else stands out.'])]
}

/** The rows that have the most frequent key, and that key; of equally many the first. */
function commonestOf(rows: readonly RolloutRow[], keyOf: (row: RolloutRow) => string) {
  const [commonest] = [...groupBy(rows, keyOf)].sort(([, a], [, b]) => b.length - a.length)
  return commonest
}

function isLearned(group: readonly RolloutRow[]): boolean {
  return group.some(({advantage}) => advantage !== 0)
}

function kindOf(group: readonly RolloutRow[]): GroupKind {
  if (!isUniform(group.map(({reward}) => reward))) return 'mixed'
  if (group.every(({correct}) => correct)) return 'all_right'
  return group.some(({correct}) => correct) ? 'equal_rewards' : 'all_wrong'
}

function lossOf({prediction, truth, boundaries}: RolloutRow): Loss {
  const bytes = Buffer.from(prediction ?? [])
  const ends = new Set(boundaries)
  const wins = (candidate: Buffer) => ends.has(candidate.length) && startsWith(truth, candidate)
  if (bytes.length === 0) return 'empty'
  if (boundaries.length === 0) return 'other'
  if (wins(Buffer.concat([Buffer.from(' '), bytes]))) return 'missing-space'
  if (bytes.at(-1) === 0x20 && wins(bytes.subarray(0, -1))) return 'extra-space'
  return startsWith(truth, bytes) ? 'inside-token' : 'other'
}

function startsWith(truth: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, i) => truth[i] === byte)
}

function tally<K extends string>(keys: readonly K[], found: readonly K[], whole = found.length): Record<K, number> {
  const counts = keys.map((key) => [key, found.filter((one) => one === key).length / whole])
  return Object.fromEntries(counts) as Record<K, number>
}
