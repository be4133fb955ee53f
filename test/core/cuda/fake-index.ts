import {createHash} from 'node:crypto'
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'
import {crc32} from 'node:zlib'

/** A zip file with its entries stored as they are. */
export function zipOf(files: Readonly<Record<string, string | Buffer>>): Buffer {
  const parts: Buffer[] = []
  const listing: Buffer[] = []
  let at = 0
  for (const [name, content] of Object.entries(files)) {
    const [title, bytes] = [Buffer.from(name), Buffer.from(content)]
    const sizes = Buffer.alloc(20)
    sizes.writeUInt16LE(20, 0)
    sizes.writeUInt32LE(crc32(bytes), 10)
    sizes.writeUInt32LE(bytes.length, 14)
    // The second size and the name's length follow in both headers.
    const tail = Buffer.alloc(8)
    tail.writeUInt32LE(bytes.length, 0)
    tail.writeUInt16LE(title.length, 4)
    const common = Buffer.concat([sizes.subarray(0, 18), tail])
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, title, bytes])
    const place = Buffer.alloc(14)
    place.writeUInt32LE(at, 10)
    const version = Buffer.from([20, 0])
    listing.push(Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), version, common, place, title]))
    parts.push(local)
    at += local.length
  }
  const central = Buffer.concat(listing)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(listing.length, 8)
  end.writeUInt16LE(listing.length, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...parts, central, end])
}

/** An index of Python packages with one package, and GitHub's list of a release's files, on this machine. */
export class FakeIndex {
  /** File name -> content. */
  files: Record<string, Buffer> = {}
  /** Changes what the listing says of a file. */
  alter: (entry: Record<string, unknown>) => Record<string, unknown> = (entry) => entry
  contentType = 'application/vnd.pypi.simple.v1+json'
  /** Bytes of a file that are sent before the connection is cut; null for all. */
  cutAfter: number | null = null
  readonly ranges: (string | undefined)[] = []
  private readonly server: Server = createServer((request, response) => this.answer(request, response))

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    return this
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  get address(): string {
    return `${this.origin}/simple`
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }

  private answer({url, headers}: IncomingMessage, response: ServerResponse): void {
    if (url === '/simple/onnxruntime-gpu/') {
      const files = Object.entries(this.files).map(([filename, content]) =>
        this.alter({
          filename,
          url: `../../files/${filename}`,
          size: content.length,
          hashes: {sha256: createHash('sha256').update(content).digest('hex')},
          yanked: false,
        }),
      )
      response.writeHead(200, {'content-type': this.contentType}).end(JSON.stringify({files}))
      return
    }
    if (url === '/repos/microsoft/onnxruntime/releases/tags/v9.8.7') {
      const assets = Object.entries(this.files).map(([name, content]) =>
        this.alter({
          name,
          browser_download_url: `${this.origin}/files/${name}`,
          size: content.length,
          digest: `sha256:${createHash('sha256').update(content).digest('hex')}`,
        }),
      )
      response.writeHead(200, {'content-type': 'application/json'}).end(JSON.stringify({assets}))
      return
    }
    const content = this.files[url!.replace('/files/', '')]
    if (content === undefined) {
      response.writeHead(404).end()
      return
    }
    this.ranges.push(headers.range)
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0)
    const rest = content.subarray(from)
    const range = from > 0 && {'content-range': `bytes ${from}-${content.length - 1}/${content.length}`}
    response.writeHead(from > 0 ? 206 : 200, {'content-length': rest.length, ...range})
    if (this.cutAfter === null) response.end(rest)
    else response.write(rest.subarray(0, this.cutAfter), () => response.destroy())
  }
}
