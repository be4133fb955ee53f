import {Plugin} from '@oclif/core'
import {root} from './ensure-ready.js'

const note = '<!-- Written by `npm run generate`; do not edit. -->\n'

/** Path -> text of every file that is generated from the build in dist. */
export async function generatedFiles() {
  const plugin = new Plugin({root, ignoreManifest: true, respectNoCacheDefault: true, errorOnManifestCreate: true})
  await plugin.load()
  const {configJsonSchema, configKeys} = await import('../dist/core/config/keys.js')
  const {flagOfKey} = await import('../dist/core/config/flags.js')
  const {ownDefaults} = await import('../dist/core/config/own-defaults.js')
  return {
    'oclif.manifest.json': json(plugin.manifest),
    'docs/reference/config.schema.json': json(configJsonSchema()),
    'docs/reference/config.md': configPage(configKeys, flagOfKey, ownDefaults),
    'docs/reference/commands.md': commandsPage(plugin.manifest.commands),
  }
}

function json(value) {
  return `${JSON.stringify(value, null, 2)}\n`
}

function configPage(keys, flagOfKey, ownDefaults) {
  const rows = keys.map(({key, help, type, itemType, options, defaultValue}) => {
    const kind = options ? options.join(', ') : itemType ? `list of ${itemType}` : type
    const usual = defaultValue === undefined ? [] : [code(JSON.stringify(defaultValue))]
    const own = ownDefaults
      .flatMap(({rows}) => Object.entries(rows))
      .filter(([, defaults]) => key in defaults)
      .map(([value, defaults]) => `${value}: ${code(JSON.stringify(defaults[key]))}`)
    const standard = [...usual, ...own].join('; ')
    const values = itemType && options ? `list of ${kind}` : kind
    return [code(key), code(flagOfKey(key) ?? ''), values, standard, help]
  })
  return `${note}
# Settings

Later sources take precedence: the defaults, defaults that depend on another setting, \`--config\` files in order, \`--set key=value\`, flags.
The table names such a value: \`dapo: 0.28\` is the default with \`grpo.loss: dapo\`. A default of a reward term applies only if all terms bring the same one.
A list is replaced as a whole. \`null\` restores the default. Paths in a config file are relative to that file, and \`~/\` is the home folder. Unknown keys are
errors. In a file, sections are nested:

\`\`\`yaml
# yaml-language-server: $schema=docs/reference/config.schema.json
grpo:
  groupSize: 8
\`\`\`

${table(['key', 'flag', 'values', 'default', 'meaning'], rows)}`
}

function commandsPage(commands) {
  const pages = Object.values(commands).map(({id, summary, description, args, flags, examples}) => {
    const argumentRows = Object.values(args).map((arg) => [code(arg.name.toUpperCase()), '', arg.description])
    const flagRows = Object.values(flags)
      .sort((a, b) => Number(a.helpGroup === 'GLOBAL') - Number(b.helpGroup === 'GLOBAL') || (a.name < b.name ? -1 : 1))
      .map((flag) => [code(`--${flag.name}`), valuesOf(flag), flag.description])
    const lines = examples.map((example) => example.replace('<%= config.bin %>', 'rpt')).join('\n')
    const title = `## rpt ${id}\n\n${summary[0].toUpperCase()}${summary.slice(1)}.${description ? ` ${description}` : ''}`
    const body = table(['flag or argument', 'values', 'meaning'], [...argumentRows, ...flagRows])
    return `${title}\n\n\`\`\`sh\n${lines}\n\`\`\`\n\n${body}`
  })
  return `${note}\n# Commands\n\n${pages.join('\n')}`
}

function valuesOf(flag) {
  return flag.options?.join(', ') ?? flag.helpValue ?? ''
}

function code(text) {
  return text === '' ? '' : `\`${text}\``
}

function table(header, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return line(header) + line(header.map(() => '---')) + rows.map(line).join('')
}
