import {z} from 'zod'
import {configSchema} from './schema.js'

/** What a key that names a place may hold. */
export type PathKind = 'file' | 'dataset' | 'source'

/** One setting of the schema, as the loader, the flags and the reference page need it. */
export interface ConfigKey {
  /** Dotted name, e.g. `grpo.groupSize`. */
  readonly key: string
  readonly help: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object'
  /** Type of the entries when `type` is `array`. */
  readonly itemType: string | undefined
  /** Values allowed, for the key itself or for the entries of a list. */
  readonly options: readonly string[] | undefined
  /** Undefined when the key is not set unless the user sets it. */
  readonly defaultValue: unknown
  /** `file`: made absolute. `dataset`: the same, or `hf:ID`. `source`: the same, or `owner/name`. Undefined: no path. */
  readonly path: PathKind | undefined
}

interface SchemaNode {
  readonly type: ConfigKey['type']
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly string[]
  readonly path?: PathKind
  readonly items?: SchemaNode | false
  /** One value, or a list of them. */
  readonly anyOf?: readonly SchemaNode[]
  readonly prefixItems?: readonly SchemaNode[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
}

/** The schema as JSON Schema (draft 2020-12), for editors and for the tables of this folder. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(configSchema, {io: 'input'})
}

function keysOf(node: SchemaNode, prefix: string): ConfigKey[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const key = prefix + name
    if (child.properties) return keysOf(child, `${key}.`)
    const shape = child.anyOf?.find(({type}) => type === 'array') ?? child
    const item = shape.items || shape.prefixItems?.[0]
    return [
      {
        key,
        help: child.description ?? '',
        type: shape.type,
        itemType: item ? item.type : undefined,
        options: child.enum ?? (item ? item.enum : undefined),
        defaultValue: child.default,
        path: child.path ?? (item ? item.path : undefined),
      },
    ]
  })
}

/** Every setting in the schema's order. */
export const configKeys: readonly ConfigKey[] = keysOf(configJsonSchema() as unknown as SchemaNode, '')

const byName = new Map(configKeys.map((entry) => [entry.key, entry]))

/** The setting of a dotted name, or undefined when there is none. */
export function findKey(key: string): ConfigKey | undefined {
  return byName.get(key)
}

const sections = new Set(
  configKeys.flatMap(({key}) => {
    const names = key.split('.')
    return names.slice(1).map((_, depth) => names.slice(0, depth + 1).join('.'))
  }),
)

/** Whether a dotted name is a section such as `grpo` or `grpo.dynamicSampling`. */
export function isSection(name: string): boolean {
  return sections.has(name)
}

/** Every name that may follow a section's dot (`''` for the top level), for suggestions. */
export function namesIn(section: string): string[] {
  const prefix = section === '' ? '' : `${section}.`
  const names = [...byName.keys(), ...sections].filter((name) => name.startsWith(prefix))
  return [...new Set(names.map((name) => name.slice(prefix.length).split('.')[0]))]
}
