import {foreignCommands} from '../core/config/aliases.js'
import {ExitCode, UsageError} from '../core/util/errors.js'
import {nearest} from '../core/util/suggest.js'
import {describeFailure} from '../terminal/failure.js'
import {showFailure} from '../terminal/show-failure.js'
import {drained} from '../terminal/streams.js'

/** What oclif calls the hook with. */
interface UnknownCommand {
  readonly id: string
  readonly argv?: readonly string[]
  readonly config: {readonly bin: string; readonly commandIDs: readonly string[]}
}

/** oclif hook: names the command that was probably meant, and ends with the exit status for wrong usage. */
export default async function commandNotFound({id, argv = [], config}: UnknownCommand): Promise<void> {
  const failure = describeFailure(unknownCommand(id.split(':'), config), false)
  showFailure(failure, argv.includes('--json'))
  await drained(process)
  process.exit(ExitCode.usage)
}

/** oclif joins the words before the first flag to one command id, also where the first word alone is a command. */
function unknownCommand([word, ...rest]: readonly string[], {bin, commandIDs}: UnknownCommand['config']): UsageError {
  if (commandIDs.includes(word)) {
    const suggestions = [`${bin} ${word} --help shows its flags`]
    return new UsageError(`${bin} ${word} takes no argument; got ${rest.join(' ')}`, {suggestions})
  }
  if (word === 'help' || word === 'version') {
    const command = word === 'help' && commandIDs.includes(rest[0]) ? `${rest[0]} ` : ''
    return new UsageError(`${bin}: ${word} is a flag, not a command`, {
      suggestions: [`${bin} ${command}--${word}`],
    })
  }
  if (word.startsWith('-'))
    return new UsageError(`${bin}: ${word} came before the command; write ${bin} COMMAND ${word}`)
  const guess = Object.hasOwn(foreignCommands, word) ? foreignCommands[word] : nearest(word, commandIDs)
  const help = `${bin} --help lists the commands`
  const suggestions = guess ? [`did you mean ${bin} ${guess}?`, help] : [help]
  return new UsageError(`${bin}: there is no command ${word}`, {suggestions})
}
