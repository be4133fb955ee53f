import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'

/** The folder of the benchmark. */
export const here = dirname(fileURLToPath(import.meta.url))

/** The folder of package.json. */
export const root = dirname(here)

/** A file of this folder. */
export const at = (...names: readonly string[]) => join(here, ...names)

/**
 * Where results go: those of a run that goes on, and those of one that has ended.
 *
 * The committed results come from whole runs only, so one that is cut short must not touch them.
 *
 * @param asked the folder that was asked for
 * @param isWhole whether the run measures everything that the committed results have
 */
export function resultFolders(asked: string | undefined, isWhole: boolean): {draft: string; out: string} {
  const draft = asked ?? join(root, '.bench')
  return {draft, out: asked ?? (isWhole ? here : draft)}
}
