import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {modelFiles} from '../../../src/core/hub/model-files.js'
import {resolveSource} from '../../../src/core/hub/resolve-source.js'
import {proxiesOf} from '../../../src/core/net/proxy.js'
import {RuntimeFailure, UsageError} from '../../../src/core/util/errors.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {FakeHub, modelRepository} from '../hub/fake-hub.js'
import {FakeProxy} from './fake-proxy.js'

let home: string
let hub: FakeHub
let proxy: FakeProxy

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'rpt-proxy-'))
  hub = await new FakeHub('owner/name').start()
  hub.files = modelRepository()
  proxy = await new FakeProxy('p@ss').start()
})

afterEach(async () => {
  await hub.stop()
  proxy.stop()
  rmSync(home, {recursive: true, force: true})
})

function download(env: Record<string, string>) {
  return resolveSource('model', 'owner/name', {
    kind: 'model',
    files: modelFiles,
    progress: silentProgress,
    env: {HF_HOME: home, HF_ENDPOINT: hub.endpoint, ...env},
    delaysMs: [1],
  })
}

const withPassword = () => `http://user:p%40ss@${proxy.address}`

it('requests and redirected files go through the proxy of HTTP_PROXY, with its password', async () => {
  hub.token = 'hf_x'
  const {folder} = await download({HTTP_PROXY: withPassword(), HF_TOKEN: 'hf_x'})
  expect(readFileSync(join(folder, 'model.safetensors')).equals(hub.files['model.safetensors'].content)).toBe(true)
  const origins = new Set(proxy.tunnels.map((place) => `http://${place}`))
  expect(origins.size, 'the Hub and the place of its large files').toBe(2)
  expect(origins).toContain(hub.endpoint)
})

it.each([
  ['NO_PROXY names the host', {NO_PROXY: 'example.com, 127.0.0.1'}],
  ['no_proxy is *', {no_proxy: '*', NO_PROXY: 'example.com'}],
  ['HTTPS_PROXY is set alone and the address is http', {HTTP_PROXY: ''}],
])('no request goes through a proxy where %s', async (_, env) => {
  await download({HTTP_PROXY: withPassword(), HTTPS_PROXY: withPassword(), ...env})
  expect(proxy.tunnels).toEqual([])
})

it('a name in lower case comes first, and an address needs no http://', async () => {
  proxy.stop()
  proxy = await new FakeProxy().start()
  await download({http_proxy: proxy.address, HTTP_PROXY: 'http://127.0.0.1:1'})
  expect(proxy.tunnels.length).toBeGreaterThan(0)
  expect(proxiesOf({HTTP_PROXY: '', https_proxy: '', NO_PROXY: '*'})).toBeNull()
})

it.each([
  ['refuses', () => `http://user:wrong@${proxy.address}`],
  ['is not there', () => 'http://127.0.0.1:1'],
])('a proxy that %s is an error that names the variables and no password', async (_, address) => {
  const error = (await download({HTTP_PROXY: address()}).catch((reason) => reason)) as RuntimeFailure
  expect(error).toBeInstanceOf(RuntimeFailure)
  expect(error.suggestions.join('\n')).toContain('HTTPS_PROXY, HTTP_PROXY and NO_PROXY')
  expect(`${error.message} ${error.suggestions}`).not.toContain('wrong')
})

it('an address of another kind is refused, but not where nothing is asked', async () => {
  const env = {HTTPS_PROXY: 'socks5://user:secret@127.0.0.1:1080'}
  const error = (await download(env).catch((reason) => reason)) as UsageError
  expect(error).toBeInstanceOf(UsageError)
  expect(error.message).toMatch(/^HTTPS_PROXY is socks5:\/\/127\.0\.0\.1:1080; needs an address such as/)
  const bare = (await download({HTTPS_PROXY: 'user:secret@proxy.example:port'}).catch((reason) => reason)) as UsageError
  expect(bare.message).toMatch(/^HTTPS_PROXY is proxy\.example:port; needs/)
  const offline = (await download({...env, HF_HUB_OFFLINE: '1'}).catch((reason) => reason)) as Error
  expect(offline.message).not.toContain('HTTPS_PROXY')
})
