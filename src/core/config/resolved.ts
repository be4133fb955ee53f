import {createHash} from 'node:crypto'
import {stringify} from 'yaml'
import {maxOf} from '../util/extremes.js'
import {visibleLine} from '../util/visible.js'
import {configKeys} from './keys.js'
import {valueAt} from './load.js'
import type {Config} from './schema.js'

/**
 * Every setting with a comment that names where it came from; a config file that gives the same configuration again.
 *
 * @param sources of `loadConfig`
 */
export function resolvedYaml(config: Config, sources: ReadonlyMap<string, string>): string {
  const rows: {text: string; source?: string}[] = []
  let open: string[] = []
  for (const {key} of configKeys) {
    const path = key.split('.')
    const sections = path.slice(0, -1)
    const shared = sections.findIndex((name, depth) => open[depth] !== name)
    const from = shared === -1 ? sections.length : shared
    for (let depth = from; depth < sections.length; depth++)
      rows.push({text: `${'  '.repeat(depth)}${sections[depth]}:`})
    open = sections
    const text = `${'  '.repeat(sections.length)}${path.at(-1)}: ${flow(valueAt(config, key))}`
    rows.push({text, source: sources.get(key) ?? 'default'})
  }
  const width = Math.min(60, maxOf(rows.map(({text}) => text.length)))
  return `${rows.map(({text, source}) => (source ? `${text.padEnd(width)}  # ${visibleLine(source)}` : text)).join('\n')}\n`
}

/** A value on one line, because a comment follows: what YAML's writer would break is written as JSON, which is YAML too. */
function flow(value: unknown): string {
  if (value === undefined) return 'null'
  const style =
    typeof value === 'string'
      ? ({defaultStringType: 'QUOTE_DOUBLE'} as const)
      : ({collectionStyle: 'flow', flowCollectionPadding: false} as const)
  const text = stringify(value, {...style, lineWidth: 0}).trimEnd()
  return text.includes('\n') ? JSON.stringify(value) : text
}

/**
 * SHA-256 over the settings in the schema's order, as hexadecimal.
 *
 * @param ignored dotted keys that may differ between equal configurations, e.g. `out` and `threads`
 */
export function configHash(config: Config, ignored: readonly string[] = []): string {
  const settings = configKeys.flatMap(({key}) => (ignored.includes(key) ? [] : [[key, valueAt(config, key) ?? null]]))
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex')
}
