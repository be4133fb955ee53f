import {readTarget} from '../hub/address.js'
import {type Commit, commitFiles} from '../hub/commit.js'
import {isSame} from '../hub/local-file.js'
import type {Remote} from '../hub/remote.js'
import {
  findRepository,
  makeRepository,
  type Repository,
  readRemoteText,
  remoteForWriting,
  type WritingAccess,
} from '../hub/repository.js'
import {UsageError} from '../util/errors.js'
import type {Services} from '../util/services.js'
import {baseModelOf} from './base-model.js'
import {type CardFacts, cardMark, modelCard} from './card/card.js'
import {readCard} from './card/metadata.js'
import {preparedFacts} from './card/prepared-data.js'
import {resultsOf} from './card/results.js'
import {promptOf} from './card/usage.js'
import {type ChosenFile, cardName, chooseFiles, madeHere, readFiles} from './push-files.js'
import {openTrainedRun, type TrainedRun, whileThere} from './trained-run.js'

/** What is to be sent where. */
export interface PushRequest {
  /** Absolute path of a training run's directory. */
  readonly run: string
  /** `hf:owner/name`. */
  readonly repository: string
  /** Step; the last checkpoint when absent. */
  readonly checkpoint?: number
  /** The whole checkpoint beside adapters in place of them. */
  readonly isMerged?: boolean
  /** A repository that is made is private. */
  readonly isPrivate?: boolean
  /** Absolute path of what `rpt eval` wrote; the run's own evaluations when absent. */
  readonly evaluation?: string
  /** `owner/name` on the Hub, where the run does not know it. */
  readonly baseModel?: string
  /** Of the commit, one line. */
  readonly message?: string
}

/** Part of the answer of `rpt push`. */
interface PushedFiles {
  readonly command: 'push'
  /** `owner/name`. */
  readonly repository: string
  readonly step: number
  readonly files: readonly {readonly path: string; readonly size_bytes: number}[]
}

/** What `rpt push` did. */
export interface PushSummary extends PushedFiles {
  /** Of the commit that holds the files. */
  readonly url: string
  readonly commit: string
  /** Whether a commit was made: not where the repository had all of it. */
  readonly changed: boolean
  /** Whether the server said that it made the repository: not where somebody else made it meanwhile. */
  readonly created: boolean
  readonly private: boolean
  /** Names of the files that were other there, or not there. */
  readonly sent: readonly string[]
  /** Names of the weights of an earlier push that went. */
  readonly removed: readonly string[]
}

/** What `rpt push` would send. */
export interface PushPreview extends PushedFiles {
  readonly dry_run: true
  /** Text of the model card. */
  readonly card: string
}

/** A push that is ready to be sent. */
interface Prepared {
  readonly run: TrainedRun
  readonly facts: CardFacts
  readonly files: readonly ChosenFile[]
}

/**
 * Sends a checkpoint of a run with a model card to the Hub, in one commit.
 *
 * @throws {UsageError} for a name that is none, without a token, and for a repository that holds something else
 * @throws {DataError} when there is no such run or checkpoint, it is damaged, or the Hub refuses
 * @throws {RuntimeFailure} when the Hub cannot be reached
 * @throws {Interrupted} when the user stops; the repository's files are as they were
 */
export async function push(
  request: PushRequest,
  services: Services,
  access: Omit<WritingAccess, 'signal'> = {},
): Promise<PushSummary> {
  const remote = remoteForWriting(readTarget('push to', request.repository), {...access, signal: services.signal})
  const {run, facts, files} = await prepare(request, services)
  const found = await findRepository(remote)
  if (found) checkRepository(found, run, remote, request)
  const card = found ? await cardFor(run, facts, found, remote, services) : modelCard(run, facts)
  const all = withCard(files, card)
  const local = await whileThere(run.folder, () => readFiles(run, all, services))
  const {repository, isMade} = found ? {repository: found, isMade: false} : await newRepository(run, remote, request)
  const listed = new Map(repository.files.map((file) => [file.path, file]))
  const sent = local.filter((file) => !isSame(file, listed.get(file.path)))
  const removed = staleWeights([...listed.keys()], files)
  const changed = sent.length + removed.length > 0
  const title = request.message ?? `Checkpoint of step ${run.state.step} (rpt ${services.version})`
  const {id, url} = changed
    ? await commitFiles(remote, repository, {title, files: sent, removed}, services.progress)
    : pageOf(repository, remote)
  return {
    ...summaryOf(facts, run, all),
    url,
    commit: id,
    changed,
    created: isMade,
    private: repository.isPrivate,
    sent: sent.map(({path}) => path),
    removed,
  }
}

/**
 * What `push` would send; nobody is asked, so that it needs no token.
 *
 * @throws as `push` does before it asks the Hub
 */
export async function previewPush(request: PushRequest, services: Services): Promise<PushPreview> {
  const {run, facts, files} = await prepare(request, services)
  const card = modelCard(run, facts)
  return {...summaryOf(facts, run, withCard(files, card)), dry_run: true, card}
}

function withCard(files: readonly ChosenFile[], card: string | null): readonly ChosenFile[] {
  return card === null ? files : [madeHere(cardName, card), ...files]
}

async function prepare(request: PushRequest, {progress}: Services): Promise<Prepared> {
  const address = readTarget('push to', request.repository)
  if (request.message !== undefined && !/^[^\n]*\S[^\n]*$/.test(request.message))
    throw new UsageError(`push: --message is ${JSON.stringify(request.message)}; needs one line of text`)
  const run = await openTrainedRun(request.run, request.checkpoint, {isMerged: request.isMerged})
  return whileThere(run.folder, () => prepareRun(run, address.id, request, progress))
}

async function prepareRun(
  run: TrainedRun,
  repository: string,
  request: PushRequest,
  progress: Services['progress'],
): Promise<Prepared> {
  const base = baseModelOf(run, request.baseModel)
  const files = chooseFiles(run, base)
  const results = await resultsOf(run, request.evaluation)
  if (base === null)
    progress.warn('the card names no base model, because none on the Hub is known; give --base-model owner/name')
  if (results === null)
    progress.warn(
      `step ${run.state.step} was not evaluated, and the card says so; to add results, give the --out of rpt eval as --evaluation`,
    )
  const facts = {repository, base, prepared: preparedFacts(run), results, prompt: await promptOf(run)}
  return {run, facts, files}
}

function summaryOf({repository}: CardFacts, {state: {step}}: TrainedRun, files: readonly ChosenFile[]): PushedFiles {
  return {command: 'push', repository, step, files: files.map(({path, size}) => ({path, size_bytes: size}))}
}

/** A repository that was not there. What somebody else has made meanwhile is looked at as one that was. */
async function newRepository(run: TrainedRun, remote: Remote, request: PushRequest) {
  const made = await makeRepository(remote, request.isPrivate ?? false)
  const {repository} = made
  checkRepository(repository, run, remote, request)
  if (repository.files.some(({path}) => path === cardName))
    throw new UsageError(`${remote.label}: somebody has made it meanwhile, with a ${cardName}; nothing was sent`, {
      suggestions: ['run it again if it is the right one'],
    })
  return made
}

/** Refuses what would be read otherwise than it is meant, or by whom it is not meant for. */
function checkRepository(
  {isPrivate, files}: Repository,
  {isAdapter}: TrainedRun,
  remote: Remote,
  request: PushRequest,
) {
  const {label, endpoint, address} = remote
  const page = `${endpoint}/${address.id}`
  if (request.isPrivate && !isPrivate)
    throw new UsageError(`${label}: it exists and is public, but --private was given; nothing was sent`, {
      suggestions: [
        `make it private at ${page}/settings`,
        'choose another name: --private makes a new repository private where the server allows it',
      ],
    })
  const other = isAdapter ? 'config.json' : 'adapter_config.json'
  if (files.some(({path}) => path === other))
    throw new UsageError(
      `${label}: it has ${other}; ${isAdapter ? 'adapters beside a whole model' : 'a whole model beside adapters'} would be loaded wrongly`,
      {suggestions: ['choose another name', `remove its files: ${page}/tree/main`]},
    )
}

/** The card to send; null where the repository's own, which somebody wrote, stays. */
async function cardFor(
  run: TrainedRun,
  facts: CardFacts,
  repository: Repository,
  remote: Remote,
  {progress}: Services,
): Promise<string | null> {
  if (!repository.files.some(({path}) => path === cardName)) return modelCard(run, facts)
  const place = `${remote.endpoint}/${facts.repository}/blob/main/${cardName}`
  const {license, body} = readCard(await readRemoteText(remote, repository, cardName), place)
  if (body === '' || body.includes(cardMark)) return modelCard(run, facts, license)
  progress.warn(`${place} was not written by rpt push and is not changed; remove it to get a new one`)
  return null
}

/** Weights of an earlier push in another number of files: programs that load a model would take them. */
function staleWeights(listed: readonly string[], files: readonly ChosenFile[]): string[] {
  const isWeight = /^model(?:-\d+-of-\d+)?\.safetensors(?:\.index\.json)?$/
  return listed.filter((name) => isWeight.test(name) && !files.some(({path}) => path === name))
}

function pageOf({head}: Repository, {endpoint, address}: Remote): Commit {
  return {id: head, url: `${endpoint}/${address.id}/commit/${head}`}
}
