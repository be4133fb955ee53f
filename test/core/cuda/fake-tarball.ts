import {gzipSync} from 'node:zlib'

/** A header of POSIX.1-1988: name, size, type. */
function header(name: string, size: number, type: string): Buffer {
  const bytes = Buffer.alloc(512)
  bytes.write(name, 0)
  bytes.write(size.toString(8).padStart(11, '0'), 124)
  bytes.write(type, 156)
  bytes.write('ustar\x0000', 257, 'latin1')
  return bytes
}

/** A tar file that gzip did not make smaller, with a folder and a link before the files. */
export function tarballOf(files: Readonly<Record<string, string | Buffer>>): Buffer {
  const entries = Object.entries(files).flatMap(([name, content]) => {
    const bytes = Buffer.from(content)
    return [header(name, bytes.length, '0'), bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]
  })
  const others = [header('onnxruntime-x/lib/', 0, '5'), header('onnxruntime-x/lib/libonnxruntime.so.1', 0, '2')]
  return gzipSync(Buffer.concat([...others, ...entries, Buffer.alloc(1024)]), {level: 0})
}
