import {splits} from '../results.js'

/** What `table.ts` found, as `results.json` holds it. Accuracies and shares are percentages. */
export interface Results {
  readonly accuracies: readonly {
    readonly title: string
    readonly splits: readonly Accuracy[]
  }[]
  /** What a line that reasons gets right behind a thought that computes nothing; absent where it was not evaluated. */
  readonly controls?: readonly Controlled[]
  /** RPT, reasoning, minus each of the others: points with their interval, by split. */
  readonly differences: readonly {readonly title: string; readonly splits: readonly string[]}[]
  readonly passAt: readonly {
    readonly title: string
    readonly count: number
    readonly greedy: number
    readonly passAt: readonly (readonly [k: string, share: number])[]
  }[]
  readonly costs: readonly {
    readonly title: string
    readonly steps: number
    readonly flops: number
    readonly minutes: number
  }[]
  readonly fits: readonly {
    readonly split: string
    readonly alpha: number | null
    readonly P_star: number | null
    readonly r2: number | null
    readonly alpha_ci: readonly [number, number] | null
    readonly P_star_ci: readonly [number, number] | null
  }[]
}

/** A line that reasons, under one control. */
export interface Controlled {
  readonly title: string
  /** The thought that it is given. */
  readonly thought: string
  readonly splits: readonly Accuracy[]
}

/** Accuracy on one split. */
export interface Accuracy {
  readonly split: string
  readonly count: number
  readonly correct: number
  readonly accuracy: number
  readonly low: number
  readonly high: number
}

/** The tables of the experiment's README by name, in Markdown. */
export function tablesOf(results: Results): Readonly<Record<string, string>> {
  return {
    accuracy: accuracyTable(results),
    controls: controlsTable(results),
    samples: samplesTable(results),
    costs: costTable(results),
    fit: fitTable(results),
  }
}

/** The table of the project's README: every accuracy, and the differences to what RPT is usually compared with. */
export function summaryOf({accuracies, differences, ...rest}: Results): string {
  const compared = ['plain model, standard', 'warm start, reasoning', 'next-token training, standard']
  return accuracyTable({accuracies, differences: differences.filter(({title}) => compared.includes(title)), ...rest})
}

function accuracyTable({accuracies, differences}: Results): string {
  const counts = accuracies[0].splits.map(({split, count}) => `${split} (${count})`)
  return table(
    ['accuracy, %', ...counts],
    [
      ...accuracies.map(({title, splits}) => [title, ...splits.map(accuracyCell)]),
      ...differences.map(({title, splits}) => [`RPT, reasoning, minus ${title}`, ...splits]),
    ],
  )
}

/** The plain model has fewer positions than the others: each row says how many. */
function controlsTable({controls}: Results): string {
  if (controls === undefined) return 'Not evaluated yet: a run of the experiment adds the table.'
  return table(
    ['accuracy, %', 'thought', 'positions', ...splits],
    controls.map(({title, thought, splits: own}) => [title, thought, String(own[0].count), ...own.map(accuracyCell)]),
  )
}

function accuracyCell({accuracy, low, high}: Accuracy): string {
  return `${fixed(accuracy)} [${fixed(low)}, ${fixed(high)}]`
}

function samplesTable({passAt}: Results): string {
  const ks = passAt[0].passAt.map(([k]) => `pass@${k}`)
  return table(
    ['%', 'positions', 'greedy', ...ks],
    passAt.map(({title, count, greedy, passAt: shares}) => [
      title,
      String(count),
      fixed(greedy),
      ...shares.map(([, share]) => fixed(share)),
    ]),
  )
}

function costTable({costs}: Results): string {
  return table(
    ['run', 'steps', 'FLOPs', 'minutes'],
    costs.map(({title, steps, flops, minutes}) => [title, String(steps), flops.toExponential(2), fixed(minutes)]),
  )
}

function fitTable({fits}: Results): string {
  return table(
    ['split', 'alpha', 'P*, %', 'R^2'],
    // Under nested splits, `all` is easy.
    fits
      .filter(({split}) => split !== 'all')
      .map(({split, alpha, alpha_ci, P_star, P_star_ci, r2}) => [
        split,
        withInterval(alpha, alpha_ci, (value) => value.toFixed(2)),
        withInterval(P_star, P_star_ci, (value) => fixed(100 * value)),
        r2 === null ? '-' : r2.toFixed(3),
      ]),
  )
}

function withInterval(
  value: number | null,
  interval: readonly [number, number] | null,
  shown: (value: number) => string,
): string {
  if (value === null) return '-'
  return interval ? `${shown(value)} [${interval.map(shown).join(', ')}]` : shown(value)
}

function fixed(value: number): string {
  return value.toFixed(1)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
