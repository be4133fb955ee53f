import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {temporaryFolder} from '../../support/tiny-engine.js'

/** A folder with those files; an object is written as JSON. */
export function checkpoint(files: Record<string, unknown>): string {
  const folder = temporaryFolder()
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  return folder
}
