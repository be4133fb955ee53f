import {createServer, type Server} from 'node:http'
import {type AddressInfo, connect} from 'node:net'

/** A proxy that opens tunnels (CONNECT), for those who know its password where it has one. */
export class FakeProxy {
  /** Hosts and ports that were asked for, in order. */
  readonly tunnels: string[] = []
  /** Where a name leads that the network does not know: host and port -> port of this machine. */
  readonly known: Record<string, number> = {}
  address = ''
  private readonly server: Server

  constructor(password?: string) {
    this.server = createServer((_, response) => response.writeHead(405).end())
    this.server.on('connect', (request, socket, head) => {
      const place = request.url!
      this.tunnels.push(place)
      const login = `Basic ${Buffer.from(`user:${password}`).toString('base64')}`
      if (password !== undefined && request.headers['proxy-authorization'] !== login)
        return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
      const port = this.known[place] ?? Number(place.split(':')[1])
      const target = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        target.write(head)
        target.pipe(socket).pipe(target)
      })
      for (const end of [socket, target]) end.on('error', () => target.destroy())
    })
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    this.address = `127.0.0.1:${(this.server.address() as AddressInfo).port}`
    return this
  }

  stop(): void {
    this.server.close()
    this.server.closeAllConnections()
  }
}
