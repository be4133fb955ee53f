import {Command} from '@oclif/core/command'
import * as Flags from '@oclif/core/flags'
import type * as Interfaces from '@oclif/core/interfaces'
import {meantByName, suggestionFor} from './core/config/aliases.js'
import {keyOfFlag} from './core/config/flags.js'
import type {ConfigKey} from './core/config/keys.js'
import type {KeyNeed, LoadedConfig, SourcedConfig} from './core/config/load.js'
import type {Config} from './core/config/schema.js'
import {ownedBy, siblingFlag} from './core/config/sibling-flags.js'
import {Interrupted} from './core/util/errors.js'
import type {Services} from './core/util/services.js'
import {nearest} from './core/util/suggest.js'
import {visible} from './core/util/visible.js'
import {createColors} from './terminal/colors.js'
import {describeFailure} from './terminal/failure.js'
import {endWithFirst, needsRestart, restart} from './terminal/restart.js'
import {showFailure} from './terminal/show-failure.js'
import {stopOnSignals} from './terminal/stop-signals.js'
import {dropOtherListeners} from './terminal/streams.js'
import {inOurWords} from './terminal/wordings.js'

/** What a command works with once its flags are read. */
export interface Request {
  readonly config: Config
  readonly services: Services
  readonly flags: Readonly<Record<string, unknown>>
  /** Positional arguments. */
  readonly argv: readonly string[]
}

/** Keys that must be set; a function where that depends on others. */
type Needs = readonly KeyNeed[] | ((config: Config) => Promise<readonly KeyNeed[]>)

/** How a command shows what it found, and what it checks besides the plan under `--dry-run`. */
interface Presentation<T> {
  readonly render?: (result: T) => Promise<string>
  readonly check?: (request: Request) => Promise<unknown>
  /** Checks as `check` does, and gives the settings that the command would record, where they are more than those given. */
  readonly settings?: (request: Request) => Promise<SourcedConfig>
  /** What `--dry-run` does and shows, for a command whose settings say little of what it would do. */
  readonly preview?: (request: Request) => Promise<T>
}

const helpValues: Readonly<Record<string, string>> = {
  file: 'PATH',
  dataset: 'PATH|hf:ID',
  source: 'DIR|ID',
  integer: 'N',
}

function flagOf(key: ConfigKey): Interfaces.FlagInput[string] {
  const usual = key.type === 'boolean' ? '' : [key.defaultValue ?? []].flat().join(',')
  const standard = usual === '' ? '' : ` [default: ${usual}]`
  const choices = key.type === 'array' && key.options ? `, with commas between: ${key.options.join(', ')}` : ''
  const description = `${key.help}${choices}${standard} (config: ${key.key})`
  const helpValue = helpValues[key.path ?? key.type]
  if (key.type === 'boolean') return Flags.boolean({description, allowNo: true})
  if (key.type === 'integer') return Flags.integer({description, helpValue})
  if (key.type === 'array') return Flags.string({description, helpValue: 'LIST'})
  return Flags.string({description, helpValue, ...(key.options && {options: [...key.options]})})
}

/** Flags that set config keys, with type, choices and help from the schema. */
export function configFlags(command: string, names: readonly string[]): Interfaces.FlagInput {
  return Object.fromEntries(names.map((name) => [name, flagOf(keyOfFlag(name, command)!)]))
}

/** `--out` of a command that always writes a folder, or always a file; the setting's own help speaks of both. */
export function outFlag(what: 'folder' | 'file'): Interfaces.FlagInput {
  return {out: {...configFlags('', ['out']).out, description: `output ${what} (config: out)`}}
}

/** `--out`, `--resume` and `--overwrite`, for commands that write a run directory. */
export const directoryFlags: Interfaces.FlagInput = {
  ...outFlag('folder'),
  resume: Flags.boolean({description: 'continue what an earlier run left in --out', exclusive: ['overwrite']}),
  overwrite: Flags.boolean({description: 'replace what an earlier run left in --out'}),
}

function grouped(flags: Interfaces.FlagInput): Interfaces.FlagInput {
  return Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, {...flag, helpGroup: 'GLOBAL'}]))
}

/** What all commands share: the configuration, `--json`, `--dry-run`, Ctrl-C, the presentation of errors, exit codes. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true
  static override baseFlags = grouped({
    config: Flags.string({
      description: 'YAML file of settings; may be repeated, and later files take precedence',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'FILE',
    }),
    set: Flags.string({
      description: 'one setting, e.g. grpo.groupSize=4; may be repeated',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'KEY=VALUE',
    }),
    ...configFlags('', ['seed', 'device', 'threads']),
    'dry-run': Flags.boolean({
      description: 'show the settings with their sources, and what would be written; run nothing',
    }),
    json: Flags.boolean({description: 'print one JSON document on stdout and everything else on stderr'}),
  })
  /** Config keys that the command cannot run without. */
  static needs: Needs = []

  /** Whether the command tries devices that are not set. */
  protected readonly triesAllDevices: boolean = false

  private readonly stopping = new AbortController()
  protected readonly colors = createColors(process.env, 'stdout')
  private ignoreSignals = () => {}

  override async init(): Promise<void> {
    await super.init()
    dropOtherListeners(process)
    if (this.jsonEnabled()) console.log = console.info = console.debug = console.error
    endWithFirst()
    this.ignoreSignals = stopOnSignals(this.stopping, (line) => process.stderr.write(`${line}\n`))
  }

  /**
   * Reads flags and configuration, makes the one core call, prints what it returns: with `render`, else as a table.
   *
   * @returns what `--json` prints: the result, after what every summary says where the result does not say it
   */
  protected async perform<T extends object>(
    core: (request: Request) => Promise<T>,
    {render = (result) => this.summaryText(result), check, settings, preview}: Presentation<T> = {},
  ): Promise<object> {
    const started = new Date()
    const command = this.ctor as typeof BaseCommand
    const {flags, argv} = await this.parse(command)
    const {loadConfig, requireKeys} = await import('./core/config/load.js')
    const {checkPrecision} = await import('./core/runtime/precisions.js')
    const loaded = loadConfig({
      command: this.id,
      files: flags.config,
      sets: flags.set,
      flags,
      cwd: process.cwd(),
    })
    checkPrecision(loaded.config.device, loaded.config.precision)
    await this.startSuitably(loaded.config)
    requireKeys(loaded.config, typeof command.needs === 'function' ? await command.needs(loaded.config) : command.needs)
    const services = await this.services(flags, loaded)
    const request = {config: loaded.config, services, flags, argv: argv as string[]}
    if (flags['dry-run'] && !preview) return this.rehearse(loaded, request, {check, settings})
    const result = await (flags['dry-run'] ? preview! : core)(request)
    if (!this.jsonEnabled()) this.log(await render(result))
    const {summarize} = await import('./core/runs/summary.js')
    return {...(await summarize(this.id!, loaded.config, services, started, null)), ...result}
  }

  /** Starts this command anew where a device that it uses needs variables that only a new process reads. */
  protected async startSuitably(config: Config): Promise<void> {
    const {devices} = await import('./core/runtime/devices.js')
    const wanted: Record<string, string> = {}
    for (const {environment} of this.triesAllDevices ? Object.values(devices) : [devices[config.device]])
      Object.assign(wanted, await environment?.(process.env, config))
    if (!needsRestart(wanted)) return
    if (this.stopping.signal.aborted) throw new Interrupted(`${this.id}: stopped before it began`)
    await restart(wanted)
  }

  protected async summaryText(summary: object): Promise<string> {
    const {renderSummary} = await import('./terminal/tables.js')
    return renderSummary({...summary}, this.colors)
  }

  /** `--dry-run`: the text is a config file that gives the same settings again; the plan follows as comments. */
  private async rehearse(
    loaded: LoadedConfig,
    request: Request,
    {check, settings}: Pick<Presentation<object>, 'check' | 'settings'>,
  ): Promise<object> {
    const [{resolvedYaml}, {planOf}, {renderPlan}] = await Promise.all([
      import('./core/config/resolved.js'),
      import('./core/planning/plan.js'),
      import('./terminal/tables.js'),
    ])
    // Standard output is the config file.
    const progress = {
      ...request.services.progress,
      log: (line: string) => void process.stderr.write(`${visible(line)}\n`),
    }
    const missing: string[] = []
    const services = {...request.services, progress, rehearsal: {note: (line: string) => missing.push(line)}}
    const rehearsed = {...request, services}
    await check?.(rehearsed)
    const checked = await settings?.(rehearsed)
    const {recorded, ...planned} = await planOf(this.id!, loaded.config, services)
    const plan = {...planned, missing: [...new Set([...missing, ...planned.missing])]}
    const {config, sources} = checked ?? recorded
    const yaml = resolvedYaml(config, sources)
    // A file gets the very settings, to be used again.
    this.log((process.stdout.isTTY ? visible(yaml) : yaml) + renderPlan(plan, this.colors).replaceAll(/^(?=.)/gm, '# '))
    return {command: this.id, dry_run: true, config, sources: Object.fromEntries(sources), plan}
  }

  private async services(flags: Record<string, unknown>, {sources, folders}: LoadedConfig): Promise<Services> {
    const {createProgress} = await import('./terminal/create-progress.js')
    const {env, stderr, stdout} = process
    return {
      progress: await createProgress({isJson: this.jsonEnabled(), env, stderr, stdout}),
      signal: this.stopping.signal,
      sources,
      folders,
      commits: new Map(),
      command: this.id!,
      version: this.config.version,
      resume: Boolean(flags.resume),
      overwrite: Boolean(flags.overwrite),
    }
  }

  override logJson(document: unknown): void {
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
  }

  protected override async catch(error: Error & {flags?: unknown}): Promise<void> {
    const failure = describeFailure(this.withSuggestions(inOurWords(error)), this.stopping.signal.aborted)
    showFailure(failure, this.jsonEnabled())
    if (process.env.DEBUG) console.error(error)
    this.exit(failure.exit_code)
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    this.ignoreSignals()
    await super.finally(error)
  }

  /** oclif names the unknown flags in `flags`: those of other commands or tools, settings without one, slips of the pen. */
  private withSuggestions(error: Error & {flags?: unknown}): Error {
    if (!Array.isArray(error.flags)) return error
    const known = Object.keys({...this.ctor.baseFlags, ...this.ctor.flags}).map((name) => `--${name}`)
    const suggestions = error.flags.map(String).flatMap((flag) => {
      const owners = this.config.commands.filter(({flags}) => flag.slice(2) in flags).map(({id}) => id)
      const meant =
        siblingFlag(this.id!, flag, owners) ?? meantByName(flag) ?? nearest(flag, known) ?? ownedBy(flag, owners)
      return meant === undefined ? [] : [suggestionFor(meant, known)]
    })
    return suggestions.length > 0 ? Object.assign(error, {suggestions: [...new Set(suggestions)].slice(0, 3)}) : error
  }
}
