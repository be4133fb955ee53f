import {createHash} from 'node:crypto'

export function sha1(content: Buffer): string {
  return createHash('sha1').update(content).digest('hex')
}

export function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

/** The name that git gives a blob. */
export function gitHash(content: Buffer): string {
  return sha1(Buffer.concat([Buffer.from(`blob ${content.length}\0`), content]))
}
