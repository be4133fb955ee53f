import {Message, MessageHeader} from 'apache-arrow'
import {readAt} from '../files/read-at.js'
import {isSoundMetadata} from './ipc-verify.js'

/** Why a scan stopped. `torn`: the last message is not all there. `corrupt`: what is there is not a message. */
export type ScanEnd = 'end-of-stream' | 'end-of-file' | 'torn' | 'corrupt'

/** Where the last complete message ends, and why the scan stopped there. */
export interface ScanResult {
  readonly end: number
  readonly reason: ScanEnd
}

/** A complete message; its body is still in the file. */
export interface Frame {
  readonly message: Message
  /** Where it begins; its body is at `bodyOffset`. */
  readonly offset: number
  readonly bodyOffset: number
  readonly bodyLength: number
}

const continuation = -1
/** The metadata of our widest table have about 10 KiB. */
const maxMetadata = 16 * 2 ** 20
const pageSize = 2 ** 20

/**
 * The complete messages of an Arrow IPC stream that starts at byte `start` of a file of `size` bytes, without their bodies.
 *
 * Frame: continuation -1, length of the metadata (int32), metadata, body. The first is the schema, all others record batches.
 *
 * @returns where the last complete message ends and why
 */
export function* scanMessages(fd: number, start: number, size: number): Generator<Frame, ScanResult> {
  let end = start
  let expected = MessageHeader.Schema
  while (true) {
    const frame = readFrame(fd, end, size, expected)
    if (frame === 'torn' && hasLaterMessage(fd, end, size)) return {end, reason: 'corrupt'}
    if (typeof frame === 'string') return {end, reason: frame}
    yield frame
    end = frame.bodyOffset + frame.bodyLength
    expected = MessageHeader.RecordBatch
  }
}

/** The message at `offset`, or why there is none. */
function readFrame(fd: number, offset: number, size: number, expected: MessageHeader): Frame | ScanEnd {
  if (offset === size) return 'end-of-file'
  if (size - offset < 8) return 'torn'
  const [marker, metadataLength] = new Int32Array(readAt(fd, offset, 8).buffer)
  if (marker === continuation && metadataLength === 0) return 'end-of-stream'
  if (marker !== continuation) return isZero(fd, offset, size) ? 'torn' : 'corrupt'
  if (metadataLength < 0 || metadataLength > maxMetadata) return 'corrupt'
  const bodyOffset = offset + 8 + metadataLength
  if (bodyOffset > size) return 'torn'
  const message = decodeMessage(readAt(fd, offset + 8, metadataLength), expected)
  if (message === null) return 'corrupt'
  const {bodyLength} = message
  return bodyOffset + bodyLength > size ? 'torn' : {message, offset, bodyOffset, bodyLength}
}

/** A file system may show a lost write as zeros. */
function isZero(fd: number, offset: number, size: number): boolean {
  for (let at = offset; at < size; at += pageSize) {
    if (readAt(fd, at, Math.min(pageSize, size - at)).some((byte) => byte !== 0)) return false
  }
  return true
}

/** Whether a message follows one that seems torn: only the last can be, so that its length must be wrong. */
function hasLaterMessage(fd: number, offset: number, size: number): boolean {
  for (let page = offset + 8; page < size; page += pageSize) {
    const words = new Int32Array(readAt(fd, page, Math.min(pageSize, 8 * Math.floor((size - page) / 8))).buffer)
    for (let word = 0; word < words.length; word += 2) {
      const isLikely = words[word] === continuation && words[word + 1] > 0 && words[word + 1] < 2 ** 16
      if (isLikely && typeof readFrame(fd, page + 4 * word, size, MessageHeader.RecordBatch) !== 'string') return true
    }
  }
  return false
}

/** A message of the expected kind, or null where the metadata are not one. */
function decodeMessage(metadata: Uint8Array, expected: MessageHeader): Message | null {
  if (!isSoundMetadata(metadata)) return null
  try {
    const message = Message.decode(metadata)
    return message.headerType === expected && message.bodyLength >= 0 ? message : null
  } catch {
    return null
  }
}
