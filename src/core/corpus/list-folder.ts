import {realpathSync, type Stats, statSync} from 'node:fs'
import {readdir} from 'node:fs/promises'
import {dirname, join, sep} from 'node:path'
import {DataError} from '../util/errors.js'
import {isHidden, listNames} from './file-roles.js'
import {failReading} from './readers/read-chunks.js'

/** A file below a folder. */
export interface FolderFile {
  /** Relative to the folder, by the links that lead to it, parts divided by '/'. */
  readonly path: string
  /** Absolute, without links. */
  readonly real: string
}

/** What lies below a folder. */
export interface FolderListing {
  /** The folder itself, without links. */
  readonly root: string
  readonly files: readonly FolderFile[]
  /** Hidden files, and hidden folders, which are not opened, with '/' at their ends. */
  readonly hidden: readonly string[]
  /** Links to folders that are listed anyway, with '/' at their ends. */
  readonly again: readonly string[]
}

/**
 * Lists all files below a folder. Links are followed, after everything that lies there itself; of several ways to the same
 * folder the first counts, and a link to a folder that it lies in is not followed.
 *
 * @throws {DataError} when a folder cannot be read, or a link leads nowhere
 */
export async function listFolder(root: string): Promise<FolderListing> {
  const walk = new Walk(root)
  const real = realpathSync(root)
  await walk.visit('', real)
  await walk.followLinks()
  return {root: real, files: walk.files, hidden: walk.hidden, again: walk.again}
}

class Walk {
  readonly files: FolderFile[] = []
  readonly hidden: string[] = []
  readonly again: string[] = []
  private readonly links: FolderFile[] = []
  private readonly broken: string[] = []
  /** Folders that were opened, without links. */
  private readonly seen = new Set<string>()

  constructor(private readonly root: string) {}

  /** @param path of the folder: '' for the root, else with '/' at its end */
  async visit(path: string, real: string): Promise<void> {
    this.seen.add(real)
    const entries = await readdir(real, {withFileTypes: true}).catch(failReading(join(this.root, path)))
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const child = {path: path + entry.name, real: join(real, entry.name)}
      if (isHidden(entry.name)) this.hidden.push(child.path + (entry.isDirectory() ? '/' : ''))
      else if (entry.isSymbolicLink()) this.links.push(child)
      else if (entry.isDirectory()) await this.enter(child)
      else this.files.push(child)
    }
  }

  /** Links may lead to folders with more links. */
  async followLinks(): Promise<void> {
    for (let link = this.links.shift(); link; link = this.links.shift()) {
      const target = targetOf(link.real)
      if (target === null) this.broken.push(link.path)
      else if (!target.stat.isDirectory()) this.files.push({path: link.path, real: target.real})
      else if (isWithin(dirname(link.real), target.real)) this.again.push(`${link.path}/`)
      else await this.enter({path: link.path, real: target.real})
    }
    if (this.broken.length > 0)
      throw new DataError(`documents ${this.root}: broken links: ${listNames(this.broken, 5)}`, {
        suggestions: ['restore their targets, or remove the links'],
      })
  }

  private async enter({path, real}: FolderFile): Promise<void> {
    if (this.seen.has(real)) this.again.push(`${path}/`)
    else await this.visit(`${path}/`, real)
  }
}

function targetOf(link: string): {readonly real: string; readonly stat: Stats} | null {
  try {
    const real = realpathSync(link)
    return {real, stat: statSync(real)}
  } catch (error) {
    // ELOOP: a ring of links.
    if (['ENOENT', 'ELOOP', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null
    return failReading(link)(error as Error)
  }
}

/** Whether a folder is another one or lies in it; both without links. */
function isWithin(folder: string, outer: string): boolean {
  return `${folder}${sep}`.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`)
}
