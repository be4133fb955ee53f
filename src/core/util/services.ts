import type {Progress} from './progress.js'

/** `--dry-run`: the checks of a command without its work. Nothing is written, locked or, but for a `config.json`, fetched. */
export interface Rehearsal {
  /** Notes down what an earlier step or a download would bring; what depends on it is not checked. */
  note(line: string): unknown
}

/** What a command hands to the core call it makes, besides the configuration. */
export interface Services {
  readonly progress: Progress
  /** Aborted when the user asks to stop; the core saves and throws `Interrupted`. */
  readonly signal: AbortSignal
  /** Dotted config key -> where its value came from. */
  readonly sources: ReadonlyMap<string, string>
  /** Value that was taken for a Hub id -> the folder of that name that is not there. */
  readonly folders?: ReadonlyMap<string, string>
  /** Commits that the Hub gave for branches and tags: the command stays with them. Absent where each use may ask anew. */
  readonly commits?: Map<string, string>
  /** Name of the command, e.g. `train`. */
  readonly command: string
  /** Version of `rpt`. */
  readonly version: string
  /** Continue what an earlier run left in the output folder. */
  readonly resume: boolean
  /** Replace what an earlier run left in the output folder. */
  readonly overwrite: boolean
  /** Absent where the command is meant to do its work. */
  readonly rehearsal?: Rehearsal
}
