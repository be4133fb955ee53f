import {CommandHelp, Help} from '@oclif/core/help'

type Flags = Parameters<CommandHelp['flags']>[0]

/** The choices of a flag as words that a narrow terminal can wrap; oclif's own line of them has no space. */
class WrappingCommandHelp extends CommandHelp {
  protected override flags(flags: Flags): ReturnType<CommandHelp['flags']> {
    return super.flags(flags.map(withSpacedChoices))
  }
}

/** Help of all commands and of one: oclif's, with choices that wrap. */
export default class WrappingHelp extends Help {
  protected override CommandHelpClass = WrappingCommandHelp
}

function withSpacedChoices(flag: Flags[number]): Flags[number] {
  if (flag.type !== 'option' || !flag.options || flag.helpValue) return flag
  const description = `${flag.description ?? ''}\n<options: ${flag.options.join(' | ')}>`
  return {...flag, options: undefined, helpValue: '<option>', description}
}
