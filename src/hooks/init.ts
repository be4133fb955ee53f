import {storageFailure} from '../core/files/storage-error.js'
import {describeFailure, renderFailure, unpainted} from '../terminal/failure.js'
import {guardStreams, releaseTerminals, terminals} from '../terminal/streams.js'

/** oclif hook, before anything is printed: whoever watches may go away, and every end has a status and a sentence. */
export default async function init(): Promise<void> {
  const {stderr} = process
  const say = (error: unknown) => {
    const failure = describeFailure(error, false)
    // A process that ends can load nothing any more, and every start would pay for colours loaded before.
    stderr.write(`${renderFailure(failure, unpainted)}\n`)
    return failure.exit_code
  }
  const wereTerminals = terminals()
  const lossOf = guardStreams(process)
  process.on('uncaughtException', (error) => {
    const status = say(error)
    if (process.env.DEBUG) console.error(error)
    process.exit(status)
  })
  process.on('exit', () => {
    const loss = lossOf()
    const status = loss ? say(storageFailure('writing', 'the result', loss)) : 0
    process.exitCode ||= status
    releaseTerminals(wereTerminals)
  })
}
