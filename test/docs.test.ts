import {existsSync, readdirSync, readFileSync, statSync} from 'node:fs'
import {dirname, join, relative} from 'node:path'
import {fileURLToPath} from 'node:url'
import {describe, expect, it} from 'vitest'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folders = ['docs', 'experiments', 'bench', 'test']
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...folders.flatMap((folder) =>
    readdirSync(join(root, folder), {recursive: true, encoding: 'utf8'})
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name)),
  ),
].toSorted()

/** Text without code, in which brackets are no links and `#` is no heading. */
function proseOf(page: string): string {
  return readFileSync(join(root, page), 'utf8').replaceAll(/^```.*?^```/gms, '')
}

/** Targets of links and images that lie in this repository. */
function linksOf(page: string): string[] {
  const targets = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target)
  return targets.filter((target) => !/^[a-z]+:/i.test(target))
}

/** The name that GitHub gives a heading. */
function anchorOf(heading: string): string {
  const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
  return text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-')
}

function problemOf(page: string, target: string): string | null {
  const [path, anchor] = target.split('#')
  const file = path === '' ? join(root, page) : join(root, dirname(page), decodeURIComponent(path))
  if (!existsSync(file)) return `${page} links to ${target}: there is no ${relative(root, file)}`
  if (anchor === undefined || !statSync(file).isFile() || !file.endsWith('.md')) return null
  const headings = [...proseOf(relative(root, file)).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) =>
    anchorOf(heading),
  )
  return headings.includes(anchor) ? null : `${page} links to ${target}: no heading of that name`
}

describe('documents', () => {
  it.each(pages)('%s links to what is there', (page) => {
    expect(linksOf(page).flatMap((target) => problemOf(page, target) ?? [])).toEqual([])
  })

  it('are found, with links among them', () => {
    expect(pages.length).toBeGreaterThan(30)
    expect(pages.flatMap(linksOf).length).toBeGreaterThan(50)
  })
})
