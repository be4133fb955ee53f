import {readdirSync, statSync} from 'node:fs'
import {rm} from 'node:fs/promises'
import {join} from 'node:path'
import {sweepTemporary, withoutTemporarySuffix} from './temporary.js'

/** The names that `rpt` writes into a folder: files, and folders with a layout of their own. */
export interface Layout {
  readonly files: RegExp
  readonly folders?: readonly (readonly [name: RegExp, inside: () => Layout])[]
}

/** What systems put into any folder: neither ours nor anybody's work. */
const systemNames: ReadonlySet<string> = new Set(['lost+found', '.DS_Store'])

/** The folder that `checkWritable` makes and removes: nobody's work either, where a kill left it. */
export const probeName = '.rpt-probe'

function isNobodys(name: string): boolean {
  return systemNames.has(name) || withoutTemporarySuffix(name) === probeName
}

/** Names in a folder, sorted, without those that are nobody's. */
export function namesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !isNobodys(name))
    .sort()
}

/** The first path below a folder, '/' between names, that a layout does not have; a link is nobody's but its maker's. */
export function findForeign(folder: string, layout: Layout): string | undefined {
  for (const entry of readdirSync(folder, {withFileTypes: true}).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (isNobodys(entry.name)) continue
    const name = withoutTemporarySuffix(entry.name)
    if (entry.isFile() && layout.files.test(name)) continue
    const inside = entry.isDirectory() ? layout.folders?.find(([pattern]) => pattern.test(name)) : undefined
    if (!inside) return entry.name
    const foreign = findForeign(join(folder, entry.name), inside[1]())
    if (foreign !== undefined) return `${entry.name}/${foreign}`
  }
  return undefined
}

/** Removes what a layout has from a folder, except `kept` names; what it does not have stays. */
export async function removeOwn(folder: string, layout: Layout, kept: readonly string[] = []): Promise<void> {
  for (const name of namesIn(folder)) {
    const own = withoutTemporarySuffix(name)
    const isOwn = layout.files.test(own) || layout.folders?.some(([pattern]) => pattern.test(own))
    if (isOwn && !kept.includes(name)) await rm(join(folder, name), {recursive: true})
  }
}

/** Sweeps a folder that this process has locked, and those that a layout has in it, see `sweepTemporary`. */
export async function sweepOwn(folder: string, {folders = []}: Layout): Promise<void> {
  await sweepTemporary(folder, {isLocked: true})
  for (const name of readdirSync(folder)) {
    const inside = folders.find(([pattern]) => pattern.test(name))
    if (inside && statSync(join(folder, name)).isDirectory()) await sweepOwn(join(folder, name), inside[1]())
  }
}
