import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {z} from 'zod'
import {readJsonOf} from '../files/index.js'
import type {Origin} from '../hub/resolve-source.js'

/** Setting -> the commit of the Hub that it meant; settings that name what was on this machine are not there. */
export type Origins = Readonly<Record<string, Origin>>

/** Where a run directory keeps its origins. */
export const originsFile = 'origins.json'

const origins: z.ZodType<Origins> = z.record(
  z.string(),
  z.object({id: z.string(), kind: z.enum(['model', 'dataset']), revision: z.string().regex(/^[0-9a-f]{40}$/)}),
)

/** Origins of what was resolved, by setting. */
export function originsOf(resolved: readonly (readonly [setting: string, origin: Origin | null])[]): Origins {
  return Object.fromEntries(resolved.filter((entry): entry is [string, Origin] => entry[1] !== null))
}

/** What a run directory was begun with; nothing where it was begun without the Hub, or not at all. */
export function recordedOrigins(runPath: string): Origins {
  const file = join(runPath, originsFile)
  return existsSync(file) ? readJsonOf(file, origins, 'the origins of a run') : {}
}

/** Where each setting came from, with the commit that it meant. */
export function sourcesWithOrigins(
  sources: ReadonlyMap<string, string>,
  origins: Origins,
): ReadonlyMap<string, string> {
  const noted = Object.entries(origins).map(([setting, {revision}]): [string, string] => {
    const key = setting.replace(/\[\d+\]$/, '')
    return [key, `${sources.get(key) ?? 'default'}, commit ${revision}`]
  })
  return new Map([...sources, ...noted])
}

/** Origins that a manifest of prepared data or of a checkpoint names; none where it was made without the Hub. */
export function originsIn(manifest: Readonly<Record<string, unknown>>): Origins {
  return origins.safeParse(manifest.origins).data ?? {}
}
