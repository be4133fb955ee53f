import {mkdir} from 'node:fs/promises'
import {dirname} from 'node:path'
import protobuf from 'protobufjs'
import {guardWrite} from '../files/index.js'
import type {MetricsRow} from '../tables/index.js'
import {appendedFile} from './appended-file.js'
import {crc32c} from './crc32c.js'
import type {TrackerKind} from './tracker.js'

const field = (type: string, id: number) => ({type, id})

/** The part of TensorFlow's event.proto and summary.proto that scalars need. */
const root = protobuf.Root.fromJSON({
  nested: {
    // Outside a oneof, as it has in summary.proto, a value of 0 would be left out.
    Value: {
      oneofs: {value: {oneof: ['simpleValue']}},
      fields: {tag: field('string', 1), simpleValue: field('float', 2)},
    },
    Summary: {fields: {value: {rule: 'repeated', ...field('Value', 1)}}},
    Event: {
      fields: {
        wallTime: field('double', 1),
        step: field('int64', 2),
        fileVersion: field('string', 3),
        summary: field('Summary', 5),
      },
    },
  },
})
const Event = root.lookupType('Event')

/** The version of event files that TensorBoard reads. */
const fileVersion = 'brain.Event:2'

/** An event file for TensorBoard: every metric a scalar, by the name of its column in metrics.arrow. */
export const tensorBoard: TrackerKind = {
  file: 'tensorboard/events.out.tfevents.0.rpt',
  async open(path, rows) {
    await guardWrite('making', path, () => mkdir(dirname(path), {recursive: true}))
    // TensorBoard shows when a step was taken: steps of earlier attempts as long before now as the run took since.
    const began = Date.now() / 1000 - (rows.at(-1)?.wall_seconds ?? 0)
    return appendedFile(path, record({wallTime: began, fileVersion}), rows, (row) => record(eventOf(row, began)))
  },
}

function eventOf({step, ...metrics}: MetricsRow, began: number): object {
  const value = Object.entries(metrics).flatMap(([tag, simpleValue]) =>
    typeof simpleValue === 'number' ? [{tag, simpleValue}] : [],
  )
  return {wallTime: began + metrics.wall_seconds, step, summary: {value}}
}

/** An event as a record of TensorFlow: its length, the length's checksum, the event, its checksum. */
function record(event: object): Uint8Array {
  const data = Event.encode(Event.create(event)).finish()
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(data.length))
  return Buffer.concat([length, maskedChecksum(length), data, maskedChecksum(data)])
}

/** A checksum that stays sound where it is itself among what is summed. */
function maskedChecksum(bytes: Uint8Array): Buffer {
  const sum = crc32c(bytes)
  const masked = Buffer.alloc(4)
  masked.writeUInt32LE((((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0)
  return masked
}
