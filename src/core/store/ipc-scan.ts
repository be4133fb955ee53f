import {Message, MessageHeader} from 'apache-arrow'
import {readAt} from './read-at.js'

/** Why a scan stopped. `torn`: the last message is not all there. `corrupt`: what is there is not a message. */
export type ScanEnd = 'end-of-stream' | 'end-of-file' | 'torn' | 'corrupt'

/** Where the last complete message ends, and why the scan stopped there. */
export interface ScanResult {
  readonly end: number
  readonly reason: ScanEnd
}

const continuation = -1

/**
 * The complete messages of an Arrow IPC stream that starts at byte `start` of a file of `size` bytes.
 *
 * Frame: continuation -1, length of the metadata (int32), metadata, body. The first is the schema, all others record batches.
 *
 * @returns where the last complete message ends and why
 */
export function* scanMessages(fd: number, start: number, size: number): Generator<Uint8Array, ScanResult> {
  let end = start
  let expected = MessageHeader.Schema
  while (true) {
    const frame = measureMessage(fd, end, size, expected)
    if (typeof frame === 'string') return {end, reason: frame}
    yield readAt(fd, end, frame)
    end += frame
    expected = MessageHeader.RecordBatch
  }
}

/** Bytes of the message at `offset`, or why there is none. */
function measureMessage(fd: number, offset: number, size: number, expected: MessageHeader): number | ScanEnd {
  if (offset === size) return 'end-of-file'
  if (size - offset < 8) return 'torn'
  const [marker, metadataLength] = new Int32Array(readAt(fd, offset, 8).buffer)
  if (marker === continuation && metadataLength === 0) return 'end-of-stream'
  if (marker !== continuation) return isZero(fd, offset, size) ? 'torn' : 'corrupt'
  if (metadataLength < 0) return 'corrupt'
  if (offset + 8 + metadataLength > size) return 'torn'
  const bodyLength = bodyLengthOf(readAt(fd, offset + 8, metadataLength), expected)
  if (bodyLength === null) return 'corrupt'
  const length = 8 + metadataLength + bodyLength
  return offset + length > size ? 'torn' : length
}

/** A file system may show a lost write as zeros. */
function isZero(fd: number, offset: number, size: number): boolean {
  for (let at = offset; at < size; at += 2 ** 20) {
    if (readAt(fd, at, Math.min(2 ** 20, size - at)).some((byte) => byte !== 0)) return false
  }
  return true
}

/** Length of the body that follows, or null where the metadata is not a message of the expected kind. */
function bodyLengthOf(metadata: Uint8Array, expected: MessageHeader): number | null {
  try {
    const {headerType, bodyLength} = Message.decode(metadata)
    return headerType === expected && bodyLength >= 0 ? bodyLength : null
  } catch {
    return null
  }
}
