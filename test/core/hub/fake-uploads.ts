import type {IncomingMessage, ServerResponse} from 'node:http'
import {sha1, sha256} from './fake-hashes.js'
import type {FakeFile} from './fake-hub.js'

/** One commit that was made. */
export interface FakeCommit {
  readonly id: string
  readonly parent: string
  readonly summary: string
  readonly written: readonly string[]
  readonly deleted: readonly string[]
}

/** What uploads change of a fake Hub. */
export interface FakeState {
  readonly id: string
  readonly endpoint: string
  readonly storage: string
  readonly refs: Record<string, string>
  files: Record<string, FakeFile>
}

type Operation = {
  key: string
  value: {path: string; content: string; oid: string; size: number; parentCommit?: string; summary: string}
}

/** Speaks the routes of the Hub that create a repository and commit to it: preupload, LFS batch, parts, the commit itself. */
export class FakeUploads {
  /** Whether the repository is there. */
  exists = true
  isPrivate = false
  /** Whether a repository that is there is shown to nobody. */
  isHidden = false
  /** Whether a private repository can be made. */
  knowsPrivate = true
  readonly commits: FakeCommit[] = []
  /** What was stored, by sha256. */
  readonly objects = new Map<string, Buffer>()
  /** Files of at least so many bytes are stored apart, as LFS objects. */
  largeFrom = 100_000
  /** Bytes of a part, where large files come in several. */
  partSize: number | null = null
  /** Storage ends so many connections, each after its first bytes. */
  breaks = 0
  /** Refuses requests whose URL holds the text: status and message. */
  refuses: readonly [text: string, status: number, message?: string][] = []
  /** What is answered in place of the Hub's answer. */
  answers: {readonly preupload?: unknown} = {}
  /** Answers a request in place of the Hub; false where it leaves that to it. */
  instead = (_url: string, _response: ServerResponse): boolean => false
  /** Called with every request before it is answered. */
  before = (_url: string): void => {}
  private readonly parts = new Map<string, Buffer[]>()

  constructor(private readonly hub: FakeState) {}

  /** Answers a request to the Hub; false where it is none of these routes. */
  serve(request: IncomingMessage, response: ServerResponse): boolean {
    const url = request.url!
    this.before(url)
    if (this.instead(url, response)) return true
    const refusal = this.refuses.find(([text]) => url.includes(text))
    if (refusal) {
      response.writeHead(refusal[1], refusal[2] ? {'x-error-message': refusal[2]} : {}).end()
      return true
    }
    const {id} = this.hub
    const routes: Record<string, (body: Buffer) => void> = {
      '/api/repos/create': (body) => this.create(JSON.parse(String(body)), response),
      [`/api/models/${id}/preupload/main`]: (body) => this.sortOut(JSON.parse(String(body)), response),
      [`/${id}.git/info/lfs/objects/batch`]: (body) => this.batch(JSON.parse(String(body)), response),
      [`/api/models/${id}/commit/main`]: (body) => this.commit(String(body), response),
    }
    const route = request.method === 'POST' ? routes[url] : undefined
    if (!route) return false
    receive(request, route)
    return true
  }

  /** Answers what writes to the place of large files; false where it is none of that. */
  store(request: IncomingMessage, response: ServerResponse): boolean {
    const [, oid, part] = /^\/lfs\/([0-9a-f]{64})(?:\/(\d+|done))?$/.exec(request.url!) ?? []
    if (oid === undefined) return false
    this.before(request.url!)
    if (this.breaks > 0) {
      this.breaks--
      request.once('data', () => request.destroy())
      return true
    }
    receive(request, (body) => {
      const parts = this.parts.get(oid) ?? []
      this.parts.set(oid, parts)
      if (part !== undefined && part !== 'done') parts[Number(part) - 1] = body
      else this.keep(oid, part === undefined ? body : Buffer.concat(parts))
      response.writeHead(200, {etag: `"${sha256(body)}"`}).end('{}')
    })
    return true
  }

  private keep(oid: string, content: Buffer): void {
    if (sha256(content) !== oid) throw new Error(`stored under ${oid}: ${sha256(content)}`)
    this.objects.set(oid, content)
  }

  private create({name, organization, visibility}: Record<string, string>, response: ServerResponse): unknown {
    const {id, endpoint} = this.hub
    if (`${organization}/${name}` !== id)
      return refuse(response, 403, 'You do not have the rights to create a model there')
    if (this.exists) return refuse(response, 409, 'You already created this model repo', {url: `${endpoint}/${id}`})
    this.exists = true
    this.isPrivate = this.knowsPrivate && visibility === 'private'
    this.hub.files = {'.gitattributes': {content: Buffer.from('*.safetensors filter=lfs\n')}}
    return send(response, {url: `${endpoint}/${id}`, name: id, id: '1'})
  }

  private sortOut({files}: {files: {path: string; size: number}[]}, response: ServerResponse): void {
    const uploadMode = (size: number) => (size >= this.largeFrom ? 'lfs' : 'regular')
    if (this.answers.preupload) send(response, this.answers.preupload)
    else
      send(response, {files: files.map(({path, size}) => ({path, uploadMode: uploadMode(size), shouldIgnore: false}))})
  }

  private batch({objects}: {objects: {oid: string; size: number}[]}, response: ServerResponse): void {
    const answer = objects.map(({oid, size}) => {
      if (this.objects.has(oid)) return {oid, size}
      const href = `${this.hub.storage}/lfs/${oid}`
      if (this.partSize === null) return {oid, size, actions: {upload: {href}}}
      const count = Math.ceil(size / this.partSize)
      const parts = Array.from({length: count}, (_, i) => [String(i + 1).padStart(5, '0'), `${href}/${i + 1}`])
      const header = {chunk_size: String(this.partSize), ...Object.fromEntries(parts)}
      return {oid, size, actions: {upload: {href: `${href}/done`, header}}}
    })
    send(response, {transfer: this.partSize === null ? 'basic' : 'multipart', objects: answer})
  }

  private commit(text: string, response: ServerResponse): unknown {
    const {refs, endpoint, id} = this.hub
    const [header, ...operations] = text
      .trimEnd()
      .split('\n')
      .map((line): Operation => JSON.parse(line))
    const parent = refs.main
    if (header.value.parentCommit !== undefined && header.value.parentCommit !== parent)
      return refuse(response, 412, 'A commit has happened since. Please refresh and try again.')
    const files = {...this.hub.files}
    for (const operation of operations)
      if (!this.apply(operation, files)) return refuse(response, 400, `no such object: ${operation.value.path}`)
    this.hub.files = files
    refs.main = sha1(Buffer.from(text + parent))
    const paths = (isDeletion: boolean) =>
      operations.filter(({key}) => (key === 'deletedFile') === isDeletion).map(({value}) => value.path)
    const {summary} = header.value
    this.commits.push({id: refs.main, parent, summary, written: paths(false), deleted: paths(true)})
    return send(response, {success: true, commitOid: refs.main, commitUrl: `${endpoint}/${id}/commit/${refs.main}`})
  }

  private apply({key, value: {path, content, oid}}: Operation, files: Record<string, FakeFile>): boolean {
    if (key === 'file') files[path] = {content: Buffer.from(content, 'base64')}
    else if (key === 'deletedFile') delete files[path]
    else {
      const stored = this.objects.get(oid)
      if (!stored) return false
      files[path] = {content: stored, isLarge: true}
    }
    return true
  }
}

/** Hands on the body of a request; of one that was broken off, nothing. */
function receive(request: IncomingMessage, then: (body: Buffer) => void): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => then(Buffer.concat(chunks)))
}

function send(response: ServerResponse, document: unknown): void {
  response.writeHead(200, {'content-type': 'application/json'}).end(JSON.stringify(document))
}

function refuse(response: ServerResponse, status: number, message: string, others: object = {}): void {
  const body = JSON.stringify({error: message, ...others})
  response.writeHead(status, {'x-error-message': message, 'content-type': 'application/json'}).end(body)
}
