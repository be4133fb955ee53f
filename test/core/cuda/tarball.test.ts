import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {buffer} from 'node:stream/consumers'
import {gunzipSync, gzipSync} from 'node:zlib'
import {afterAll, expect, it} from 'vitest'
import {Tarball} from '../../../src/core/cuda/tarball.js'
import {DataError} from '../../../src/core/util/errors.js'
import {tarballOf} from './fake-tarball.js'

const folder = mkdtempSync(join(tmpdir(), 'rpt-tarball-'))
const path = join(folder, 'files.tgz')
const content = Buffer.alloc(200_000, 'all of it ')
const whole = tarballOf({'a/one': 'first', 'a/two': content, 'a/three': Buffer.alloc(512)})

afterAll(() => rmSync(folder, {recursive: true, force: true}))

async function read(bytes: Buffer, name: RegExp): Promise<Buffer> {
  writeFileSync(path, bytes)
  return buffer(await new Tarball(path).read(name))
}

it('files are read whole, whatever lies before them and however long they are', async () => {
  expect(await read(whole, /one$/)).toEqual(Buffer.from('first'))
  expect(await read(whole, /^a\/two$/)).toEqual(content)
  expect(await read(whole, /three$/)).toEqual(Buffer.alloc(512))
})

it.each<[string, Buffer, RegExp]>([
  ['without the file', whole, /files\.tgz has no file like four/],
  ['that holds something else', gzipSync(Buffer.alloc(600, 'x')), /files\.tgz: not a tar file/],
  ['that ends within a file', gzipSync(gunzipSync(whole).subarray(0, 3000)), /files\.tgz: ends within a file/],
  ['that gzip did not make', Buffer.from('no gzip'), /files\.tgz: incorrect header check/],
])('a package %s is refused by name', async (_, bytes, expected) => {
  const error = await read(bytes, /four/).catch((thrown) => thrown)
  expect(error).toBeInstanceOf(DataError)
  expect(error.message).toMatch(expected)
})
