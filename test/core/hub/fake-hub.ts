import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'
import {gitHash, sha256} from './fake-hashes.js'
import {FakeUploads} from './fake-uploads.js'

export {gitHash, sha256} from './fake-hashes.js'

/** A file that the fake Hub serves; large ones are kept apart and redirected to another origin, as with LFS. */
export interface FakeFile {
  readonly content: Buffer
  readonly isLarge?: boolean
  /** Name of the listed hash in place of the true one. */
  readonly hash?: string
  /** Bytes that the listing says it has. */
  readonly size?: number
}

/** One request that came in. */
export interface Seen {
  readonly origin: 'hub' | 'storage'
  readonly method: string
  readonly url: string
  readonly range: string | undefined
  readonly authorization: string | undefined
}

export const commit = 'a'.repeat(40)

/** Speaks the routes of the Hub that downloads use, for one repository. */
export class FakeHub {
  readonly seen: Seen[] = []
  /** Branches and tags. */
  readonly refs: Record<string, string> = {main: commit}
  /** Files of every commit. */
  files: Record<string, FakeFile> = {}
  /** Ends the connection after so many bytes, as often as there are entries. */
  breaks: number[] = []
  /** Answers given before anything else: status and X-Error-Code. */
  refusals: [status: number, code?: string][] = []
  /** Only who has it may read. */
  token: string | null = null
  /** Whether byte ranges are honoured. */
  hasRanges = true
  /** Milliseconds before content is sent. */
  delayMs = 0
  /** What is asked to write. */
  readonly uploads = new FakeUploads(this)
  private readonly servers: Server[] = []
  storage = ''
  endpoint = ''

  constructor(
    readonly id: string,
    readonly kind: 'model' | 'dataset' = 'model',
  ) {}

  async start(port = 0): Promise<this> {
    this.storage = await this.listen('storage', (request, response) => this.serveStored(request, response))
    this.endpoint = await this.listen('hub', (request, response) => this.serveHub(request, response), port)
    return this
  }

  async stop(): Promise<void> {
    for (const server of this.servers) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }

  /** URLs asked for, in order. */
  get urls(): string[] {
    return this.seen.map(({url}) => url)
  }

  private async listen(origin: Seen['origin'], serve: (q: IncomingMessage, a: ServerResponse) => void, port = 0) {
    const server = createServer((request, response) => {
      const {range, authorization} = request.headers
      this.seen.push({origin, method: request.method!, url: request.url!, range, authorization})
      serve(request, response)
    })
    this.servers.push(server)
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  private serveHub(request: IncomingMessage, response: ServerResponse): unknown {
    const refusal = this.refusals.shift()
    if (refusal) return fail(response, ...refusal)
    if (this.token && request.headers.authorization !== `Bearer ${this.token}`)
      return fail(response, 401, this.token === 'hf_gated' ? 'GatedRepo' : 'RepoNotFound')
    if (this.uploads.serve(request, response)) return
    if (!this.uploads.exists || this.uploads.isHidden) return fail(response, 404, 'RepoNotFound')
    const {pathname} = new URL(request.url!, this.endpoint)
    const api = `/api/${this.kind}s/${this.id}/`
    const resolve = `/${this.kind === 'dataset' ? 'datasets/' : ''}${this.id}/resolve/`
    if (pathname.startsWith(`${api}revision/`)) return this.serveCommit(pathname.slice(api.length + 9), response)
    if (pathname.startsWith(`${api}tree/`)) return this.serveTree(response, new URL(request.url!, this.endpoint))
    if (pathname.startsWith(resolve)) return this.serveFile(pathname.slice(resolve.length), request, response)
    return fail(response, 404, 'RepoNotFound')
  }

  private serveCommit(revision: string, response: ServerResponse): unknown {
    const name = decodeURIComponent(revision)
    const sha = /^[0-9a-f]{40}$/.test(name) ? name : this.refs[name]
    if (!sha) return fail(response, 404, 'RevisionNotFound')
    return sendJson(response, {
      _id: '1',
      id: this.id,
      sha,
      private: this.uploads.isPrivate,
      gated: false,
      downloads: 0,
      likes: 0,
      siblings: [],
    })
  }

  /** Two pages, the second named by a Link header. */
  private serveTree(response: ServerResponse, url: URL): unknown {
    const entries = Object.entries(this.files).map(([path, {content, isLarge, hash, size = content.length}]) => ({
      type: 'file',
      path,
      size,
      oid: isLarge ? gitHash(Buffer.from(path)) : (hash ?? gitHash(content)),
      ...(isLarge && {lfs: {oid: hash ?? sha256(content), size, pointerSize: 130}}),
    }))
    const isSecond = url.searchParams.has('cursor')
    url.searchParams.set('cursor', 'next')
    if (!isSecond) response.setHeader('link', `<${this.endpoint}${url.pathname}${url.search}>; rel="next"`)
    return sendJson(
      response,
      isSecond ? entries.slice(1) : [{type: 'directory', path: 'data', oid: commit, size: 0}, ...entries.slice(0, 1)],
    )
  }

  private serveFile(place: string, request: IncomingMessage, response: ServerResponse): unknown {
    const [revision, ...parts] = place.split('/')
    const path = parts.map(decodeURIComponent).join('/')
    const file = this.files[path]
    if (!file) return fail(response, 404, 'EntryNotFound')
    response.setHeader('x-repo-commit', revision)
    if (!file.isLarge) {
      response.setHeader('etag', `"${gitHash(file.content)}"`)
      return this.send(file.content, request, response)
    }
    response.setHeader('x-linked-etag', `"${file.hash ?? sha256(file.content)}"`)
    response.setHeader('x-linked-size', file.content.length)
    return response.writeHead(302, {location: `${this.storage}/${encodeURIComponent(path)}?signed`}).end()
  }

  private serveStored(request: IncomingMessage, response: ServerResponse): unknown {
    if (this.uploads.store(request, response)) return
    const path = decodeURIComponent(new URL(request.url!, this.storage).pathname.slice(1))
    return this.send(this.files[path].content, request, response)
  }

  private send(content: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const from = this.hasRanges ? Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0
    const body = content.subarray(from)
    const total = content.length
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': body.length,
      ...(from > 0 && {'content-range': `bytes ${from}-${total - 1}/${total}`}),
    })
    if (request.method === 'HEAD') return void response.end()
    const limit = body.length > 1000 ? this.breaks.shift() : undefined
    if (limit === undefined) setTimeout(() => response.end(body), this.delayMs)
    else response.write(body.subarray(0, limit), () => setTimeout(() => response.destroy(), 20))
  }
}

function fail(response: ServerResponse, status: number, code?: string): void {
  response.writeHead(status, code ? {'x-error-code': code} : {}).end()
}

function sendJson(response: ServerResponse, document: unknown): void {
  response.writeHead(200, {'content-type': 'application/json'}).end(JSON.stringify(document))
}

/** Bytes that look random and are the same every time. */
export function content(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0, state = seed; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

/** A checkpoint's files, with others that no model needs. */
export function modelRepository(): Record<string, FakeFile> {
  return {
    'README.md': {content: Buffer.from('# a model\n')},
    'config.json': {content: Buffer.from('{"model_type": "llama"}\n')},
    'model.safetensors': {content: content(300_000), isLarge: true},
    'pytorch_model.bin': {content: content(2000, 2), isLarge: true},
    'tokenizer.json': {content: Buffer.from('{"version": "1.0"}\n')},
  }
}
