import {Document} from 'yaml'
import {findKey} from '../../config/keys.js'

/** Whether a setting names a place on a machine. */
function isPath(key: string): boolean {
  return findKey(key)?.path !== undefined
}

/**
 * Settings as a config file has them: those that are not the defaults, and no places on a machine.
 *
 * @param settings dotted key -> value
 * @param always keys that are shown as defaults too
 */
export function settingsYaml(settings: Readonly<Record<string, unknown>>, always: readonly string[]): string {
  const document = new Document({})
  for (const [key, value] of Object.entries(settings)) {
    const isDefault = JSON.stringify(value ?? null) === JSON.stringify(findKey(key)?.defaultValue ?? null)
    if (isPath(key) || (isDefault && !always.includes(key))) continue
    document.setIn(key.split('.'), document.createNode(value))
  }
  return document.toString({lineWidth: 0, blockQuote: false})
}
