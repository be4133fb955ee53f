import type {Config} from '../config/schema.js'

/** The same configuration with another value of a dotted key. */
export function withValue(config: Config, key: string, value: unknown): Config {
  const [section, ...rest] = key.split('.')
  const inner = (config as Record<string, unknown>)[section]
  return {...config, [section]: rest.length === 0 ? value : withValue(inner as Config, rest.join('.'), value)}
}
