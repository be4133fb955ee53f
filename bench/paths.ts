import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'

/** The folder of the benchmark. */
export const here = dirname(fileURLToPath(import.meta.url))

/** The folder of package.json. */
export const root = dirname(here)

/** A file of this folder. */
export const at = (...names: readonly string[]) => join(here, ...names)
