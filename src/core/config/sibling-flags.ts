/** What does on one command what a flag does on others: its flag, or what to do. */
const likeHere: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'prepare-data': {'--model': '--proxy', '--data': '--documents'},
  train: {'--documents': '--data', '--proxy': '--model'},
  eval: {'--documents': '--data', '--proxy': '--model', '--steps': '--checkpoint'},
  'scaling-sweep': {'--steps': 'set train.steps in the file that sweep.train names, or as an axis of sweep.axes'},
  push: {'--model': 'give the run as the first argument: rpt push RUN hf:owner/name'},
  report: {'--data': 'give the runs as arguments: rpt report RUN ...'},
  inspect: {'--data': 'give the folder as the argument: rpt inspect DATA', '--steps': '--step'},
}

/** Flags for settings that no command reads but those that have the flag. */
const unreadElsewhere: ReadonlySet<string> = new Set([
  ...['--documents', '--tokenizer', '--proxy', '--difficulty-model', '--limit', '--select', '--documents-only'],
  ...['--rows', '--steps', '--objective', '--track', '--allow-noop'],
])

/**
 * What to say of a flag that other commands have and this one does not; undefined where a setting may do the same here.
 *
 * @param owners commands that have the flag
 */
export function siblingFlag(command: string, flag: string, owners: readonly string[]): string | undefined {
  const like = likeHere[command]?.[flag]
  if (like !== undefined) return like
  return unreadElsewhere.has(flag) ? ownedBy(flag, owners) : undefined
}

/** `--limit is a flag of rpt prepare-data, rpt eval`; undefined where no command has it. */
export function ownedBy(flag: string, owners: readonly string[]): string | undefined {
  return owners.length === 0 ? undefined : `${flag} is a flag of ${owners.map((name) => `rpt ${name}`).join(', ')}`
}
