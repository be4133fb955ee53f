import {findKey} from '../config/keys.js'
import {type SourcedConfig, valueAt} from '../config/load.js'
import {selections} from './selections.js'

const rules = Object.entries(selections)

/**
 * What to say of settings that choose training positions, are not at their defaults, and are not read: another rule than
 * `data.select` reads them, or no position is scored at all.
 */
export function unreadKeys({config, sources}: SourcedConfig): string[] {
  const {documentsOnly, select} = config.data
  const reader = documentsOnly ? 'data.documentsOnly, which scores no position,' : `data.select=${select}`
  const read = documentsOnly ? [] : selections[select].reads
  const unread = new Set(rules.flatMap(([, {reads}]) => reads.filter((key) => !read.includes(key))))
  return [...unread]
    .filter((key) => shown(valueAt(config, key)) !== shown(findKey(key)!.defaultValue))
    .map((key) => {
      const seen = `${key} is ${shown(valueAt(config, key))} (set by ${sources.get(key) ?? 'default'})`
      return `prepare-data: ${seen}, but ${reader} does not read it; ${readersOf(key)} does`
    })
}

/** The rules that read a key, as settings. */
function readersOf(key: string): string {
  const readers = rules.filter(([, {reads}]) => reads.includes(key))
  return readers.map(([name]) => `data.select=${name}`).join(' or ')
}

function shown(value: unknown): string | undefined {
  return JSON.stringify(value)
}
