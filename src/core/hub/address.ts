import {existsSync} from 'node:fs'
import {isAbsolute, relative, resolve, sep} from 'node:path'
import {DataError, UsageError} from '../util/errors.js'
import {escapeFault} from './file-names.js'

/** What stands on the Hub, in its own words. */
export type HubKind = 'model' | 'dataset'

/** A repository on the Hub and the revision asked for. */
export interface HubAddress {
  readonly kind: HubKind
  /** `owner/name`, or `name` for the oldest repositories. */
  readonly id: string
  /** Branch, tag or commit; `main` where none was given. */
  readonly revision: string
  /** The setting in words and its value, e.g. `proxy hf:owner/name@v1`; begins every error. */
  readonly label: string
  /** Begins errors of what is not found or reached: the label, after the folder that may have been meant. */
  readonly sought: string
  /** Things to try when it is not found: the path, where a folder may have been meant. */
  readonly hints: readonly string[]
}

/** Where something came from, for manifests. */
export interface Origin {
  readonly id: string
  readonly kind: HubKind
  /** Commit, 40 hexadecimal digits. */
  readonly revision: string
}

/** Whether a revision is a commit, whose files never change. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision)
}

/**
 * Reads a Hub id; null when `value` is an absolute path that exists. What is relative is an id: `loadConfig` has made every
 * path absolute, and which folder it would be in the working directory means nothing.
 *
 * @param what the setting in words, e.g. `proxy`
 * @param value absolute path, `owner/name`, `owner/name@revision`, or either of these after `hf:`
 * @param folder that an id without `hf:` would be, if it were there; seen from the working directory when absent
 * @throws {DataError} when it is an absolute path that does not exist, or nothing that could be an id
 */
export function readAddress(what: string, value: string, kind: HubKind, folder = resolve(value)): HubAddress | null {
  if (isAbsolute(value)) {
    if (existsSync(value)) return null
    throw new DataError(`${what} ${value} does not exist`, {suggestions: remediesOf(value, kind)})
  }
  const [, id = '', revision = 'main'] = /^(?:hf:)?([^@]*)(?:@(.*))?$/s.exec(value) ?? []
  const label = `${what} ${value}`
  if (!isId(id))
    throw new DataError(`${label} is neither a path that exists nor an id on the Hub, owner/name`, {
      suggestions: ['check the spelling', 'give a path if you meant a folder or file on this machine'],
    })
  if (revision === '' || escapeFault(revision) || /\s/.test(revision))
    throw new DataError(`${label}: ${JSON.stringify(revision)} is not a revision; needs a branch, a tag or a commit`)
  if (value.startsWith('hf:')) return {kind, id, revision, label, sought: label, hints: []}
  const sought = `there is no folder ${folder}, and on the Hub ${label}`
  return {kind, id, revision, label, sought, hints: ['check the path, if a folder of this machine was meant']}
}

/** What is often taken for a path, and what to do instead. */
const mistaken: readonly (readonly [looks: RegExp, remedy: string])[] = [
  [/\/https?:\//, 'download it first: only the Hub is read by address, as hf:owner/name'],
  [/[*?]/, 'give the folder of the files: patterns are not expanded'],
  [/,/, 'give one path, or the folder of the files: a list of paths is not read'],
]

function remediesOf(path: string, kind: HubKind): string[] {
  const remedy = mistaken.find(([looks]) => looks.test(path))?.[1] ?? 'check the path'
  const name = relative('', path).replaceAll(sep, '/')
  if (!isId(name) || /\.[a-z]\w*$/i.test(name)) return [remedy]
  const isOwned = name.includes('/')
  if (kind === 'dataset') return isOwned ? [remedy, `write hf:${name} for the Hub`] : [remedy]
  // A model with an owner in its name is looked for on the Hub, so this is a path.
  return isOwned ? [remedy] : [remedy, `a model of the Hub is named with its owner: OWNER/${name}`]
}

/**
 * Reads the name of a model's repository to write to; whether it is there shows later.
 *
 * @param value `owner/name`, or this after `hf:`
 * @throws {UsageError} when it is anything else
 */
export function readTarget(what: string, value: string): HubAddress {
  const id = value.replace(/^hf:/, '')
  const label = `${what} hf:${id}`
  if (isId(id) && id.includes('/')) return {kind: 'model', id, revision: 'main', label, sought: label, hints: []}
  const bare = id.replace(/@.*$/s, '')
  const isRevision = bare !== id && isId(bare)
  throw new UsageError(
    `${what} ${JSON.stringify(value)}: needs a model's name on the Hub, hf:owner/name${isRevision ? ', without a revision' : ''}`,
    {
      suggestions: isRevision
        ? [`leave out ${id.slice(bare.length)}: the branch main is written`]
        : ['owner is your name on the Hub, or an organization of yours', 'letters, digits, . _ and - make a name'],
    },
  )
}

/**
 * Reads the name of a model on the Hub, which need not be asked for.
 *
 * @param value `owner/name` or `owner/name@revision`, or either of these after `hf:`
 * @throws {UsageError} when it is anything else
 */
export function readHubName(what: string, value: string): {readonly id: string; readonly revision: string | null} {
  const [, id = '', revision] = /^(?:hf:)?([^@]*)(?:@(\S+))?$/s.exec(value) ?? []
  if (isId(id)) return {id, revision: revision ?? null}
  throw new UsageError(`${what} ${JSON.stringify(value)}: needs a model's name on the Hub, owner/name`)
}

function isId(id: string): boolean {
  const isPlain = /^(?:[a-z0-9_][\w.-]{0,95}\/)?[a-z0-9_][\w.-]{0,95}$/i.test(id)
  return isPlain && !/--|\.\.|\.git$|[.-](?:\/|$)/.test(id)
}

/**
 * The same setting at the commit that an earlier run recorded for it; as it is when it names a commit, another
 * repository or a path.
 */
export function pinned(value: string, recorded: Origin | undefined): string {
  if (!recorded || isAbsolute(value)) return value
  const [, id, revision = ''] = /^(?:hf:)?([^@]*)(?:@(.*))?$/s.exec(value) ?? []
  return id === recorded.id && !isCommit(revision) ? `hf:${id}@${recorded.revision}` : value
}
