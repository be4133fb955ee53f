import {visibleLine} from '../util/visible.js'
import type {Checkpoint} from './choose-checkpoint.js'
import {percent, short} from './format.js'
import type {
  CompletionView,
  DataInspection,
  Inspection,
  LedgerInspection,
  LedgerItemView,
  PositionView,
  PromptView,
  RunInspection,
  ThoughtView,
} from './inspection.js'
import {describeItem, describeLedger} from './ledger.js'

/** An inspection as lines for a terminal, without colour. */
export function renderInspect(inspection: Inspection): string[] {
  const lines =
    inspection.kind === 'data'
      ? renderData(inspection)
      : inspection.kind === 'ledger'
        ? renderLedger(inspection)
        : renderRun(inspection)
  return lines.map(visibleLine)
}

function renderData(found: DataInspection) {
  const {path, positions, kept, training, by_difficulty, by_reason, diagnosis, matching, prompts, rows} = found
  return [
    `${path}: ${positions} positions, ${kept} kept`,
    ...(training.positions > 0 ? [renderTraining(training)] : []),
    `  hardest level: ${counts(by_difficulty)}`,
    `  reasons: ${counts(by_reason)}`,
    ...diagnosis.map((line) => `  ${line}`),
    ...(prompts ? [`  prompts: ${prompts}`] : []),
    '',
    shownOf(rows.length, matching, 'positions'),
    ...rows.flatMap(renderPosition),
  ]
}

function renderLedger({path, diagnosis, matching, rows}: LedgerInspection): string[] {
  return [
    `${path}: training items, those drawn most first`,
    ...diagnosis.map((line) => `  ${line}`),
    '',
    shownOf(rows.length, matching, 'drawn items'),
    ...rows.flatMap(renderItem),
  ]
}

function renderItem(row: LedgerItemView): string[] {
  return [
    '',
    `${row.doc_id} position ${row.position}${row.difficulty === null ? '' : `, ${row.difficulty}`}`,
    ...(row.context === null ? [] : [`  context  ${JSON.stringify(row.context)}${byteOf(row)}`]),
    `  ${describeItem(row)}`,
  ]
}

/** Where something starts in its document. */
function byteOf({byte}: {readonly byte: number | null}): string {
  return byte === null ? '' : ` from byte ${byte}`
}

function renderTraining({positions, kept, rule}: DataInspection['training']): string {
  const share = `${percent(kept / positions)}%`
  return `  to train on: ${kept} of ${positions} training positions (${share})${rule ? `, by ${rule}` : ''}`
}

function renderPosition(row: PositionView): string[] {
  const second = row.difficulty_entropy === null ? '' : ` (difficulty model ${short(row.difficulty_entropy)})`
  return [
    '',
    `${row.doc_id} position ${row.position}, ${row.partition}`,
    `  context  ${row.context === null ? '(document not found)' : JSON.stringify(row.context)}`,
    `  target   ${row.target}${byteOf(row)}, probability ${percent(Math.exp(row.target_logprob))}%`,
    `  entropy  ${short(row.entropy)} nats${second}, ${row.difficulty}`,
    `  ${row.kept ? 'kept' : `dropped: ${row.reason}`}`,
    ...(row.prompt ? renderPromptView(row.prompt) : []),
  ]
}

/** The sizes of a prompt, then its lines behind a bar. */
function renderPromptView({text, tokens, instruction_tokens, context_tokens, cut_tokens}: PromptView): string[] {
  const cut = cut_tokens > 0 ? `, which lost ${cut_tokens} from the left` : ''
  return [
    `  prompt   ${tokens} tokens: ${instruction_tokens} of the instruction, ${context_tokens} of the context${cut}`,
    ...text.split('\n').map((line) => `  | ${line}`),
  ]
}

function renderRun({
  kind,
  path,
  run,
  step,
  failed,
  steps,
  checkpoints,
  statistics,
  ledger,
  thoughts,
  diagnosis,
  matching,
  rows,
}: RunInspection): string[] {
  const numbers = statistics
    ? [
        `  ${statistics.completions} completions in ${statistics.groups} groups, mean reward ${short(statistics.mean_reward)}, ` +
          `mean length ${short(statistics.mean_tokens)} tokens`,
        ...renderParts(statistics.mean_reward_parts),
        `  groups: ${shares(groupShares(statistics))}`,
        `  outcomes: ${shares(statistics.outcomes)}`,
      ]
    : []
  return [
    `${path}: ${kind} of ${kind === 'predictions' ? `${run}, ` : ''}${failed ? 'failed step' : 'step'} ${step} (of ${steps.length} kept, ${steps[0]} to ${steps[steps.length - 1]})`,
    ...renderOthers(checkpoints.filter((one) => one.run !== run)),
    ...numbers,
    ...(thoughts ? renderThoughts(thoughts) : []),
    ...diagnosis.map((line) => `  ${line}`),
    ...(ledger ? describeLedger(ledger).map((line) => `  ${line}`) : []),
    '',
    shownOf(rows.length, matching, kind),
    ...rows.flatMap(renderCompletion),
  ]
}

/** What else an evaluation is about, and how to see it. */
function renderOthers(others: readonly Checkpoint[]): string[] {
  const names = others.map(({run, step}) => `${run} step ${step}`)
  return names.length > 0 ? [`  also evaluated: ${names.join(', ')}; choose with --run NAME --step N`] : []
}

/** One term alone is the reward, but for its weight. */
function renderParts(parts: Readonly<Record<string, number>>): string[] {
  const means = Object.entries(parts).map(([name, mean]) => `${name} ${short(mean)}`)
  return means.length > 1 ? [`  mean of each term, before its weight: ${means.join(', ')}`] : []
}

function groupShares(statistics: NonNullable<RunInspection['statistics']>): Record<string, number> {
  return {
    mixed: statistics.groups_mixed,
    'all-wrong': statistics.groups_all_wrong,
    'all-right': statistics.groups_all_right,
    'right and wrong of equal reward': statistics.groups_equal_rewards,
  }
}

function renderThoughts({words, empty, commonest, opening, patterns}: ThoughtView): string[] {
  return [
    `  thoughts: ${words.toFixed(1)} words on average, ${percent(empty)}% empty; ${percent(commonest.share)}% are the same, ` +
      `${percent(opening.share)}% begin with ${JSON.stringify(opening.text)}`,
    `  patterns: ${shares(patterns)}`,
  ]
}

function renderCompletion(row: CompletionView): string[] {
  const advantage = row.advantage === null ? '' : `, advantage ${short(row.advantage)}`
  const fields = [
    ['context', row.context && JSON.stringify(row.context)],
    ['truth', row.truth_tokens?.join(' ') ?? row.truth],
    ['predicted', row.prediction ?? '(nothing)'],
    ['text', row.text && JSON.stringify(row.text).replaceAll('\\\\', '\\')],
    ['outcome', [row.outcome, `reward ${short(row.reward)}${advantage}`].filter(Boolean).join(', ')],
    ['because', row.explanation],
  ]
  const difficulty = row.difficulty === null ? '' : `${row.difficulty}, `
  const title = `${row.doc_id} position ${row.position}, ${difficulty}${row.mode ? `${row.mode}, ` : ''}sample ${row.sample}`
  return ['', title, ...fields.filter(([, text]) => text).map(([name, text]) => `  ${name!.padEnd(9)} ${text}`)]
}

function shownOf(shown: number, matching: number, what: string): string {
  return shown === 0 ? `no ${what} match` : `${shown} of ${matching} ${what}:`
}

function counts(record: Readonly<Record<string, number>>): string {
  return Object.entries(record)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}

function shares(record: Readonly<Record<string, number>>): string {
  return Object.entries(record)
    .map(([name, share]) => `${name} ${percent(share)}%`)
    .join(', ')
}
