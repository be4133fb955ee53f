/**
 * Makes the pictures of a report's page in docs/images: `npm run page:pictures -- RUN...`, with the run directories of the report.
 *
 * Fails where a picture would be larger than the docs should carry. The browser is that of `npm run check:page`.
 */
import {mkdtempSync, rmSync, statSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath, pathToFileURL} from 'node:url'
import type {Page} from 'playwright-core'
import {writeReport} from '../../src/core/report/report.js'
import {lacksBrowser, openBrowser} from './browser.js'

const images = fileURLToPath(new URL('../../docs/images', import.meta.url))
const mostBytes = 150_000
const width = 1000
const usualHeight = 760

/** What is in a picture; the reader's scheme, and what is done before it is taken. */
interface Picture {
  readonly scheme: 'light' | 'dark'
  /** In pixels. */
  readonly height?: number
  readonly prepare: (page: Page) => Promise<void>
}

const showTop = async (page: Page, id: string) => {
  await page.locator(`#${id}`).evaluate((section) => section.scrollIntoView({block: 'start'}))
}

const pictures: Readonly<Record<string, Picture>> = {
  'page-results': {scheme: 'light', prepare: async () => {}},
  'page-training': {scheme: 'dark', height: 640, prepare: (page) => showTop(page, 'training')},
  'page-ledger': {
    scheme: 'light',
    prepare: async (page) => {
      await page.locator('#ledger select[name=way]').first().selectOption('sometimes-right')
      await showTop(page, 'ledger')
    },
  },
  'page-rollouts': {
    scheme: 'dark',
    prepare: async (page) => {
      await page.locator('#ledger select[name=way]').first().selectOption('sometimes-right')
      await page.locator('#ledger a[data-find]').first().click()
      await page.waitForFunction(() => (document.querySelector('.groups')?.childElementCount ?? 0) < 13)
      await page.locator('.group summary').last().click()
      await page
        .locator('form.filters')
        .evaluate((form) => window.scrollTo(0, form.getBoundingClientRect().top + window.scrollY - 16))
    },
  },
}

const runs = process.argv.slice(2)
const lack = lacksBrowser()
if (runs.length === 0 || lack) {
  console.error(`page:pictures: ${lack ?? 'no run directories; expected those of a report, e.g. runs/tiny/rpt'}`)
  process.exit(1)
}
const folder = mkdtempSync(join(tmpdir(), 'rpt-page-pictures-'))
const browser = await openBrowser()
try {
  const {path} = await writeReport(runs, join(folder, 'report.html'))
  for (const [name, {scheme, height = usualHeight, prepare}] of Object.entries(pictures)) {
    const page = await browser.newPage({viewport: {width, height}, colorScheme: scheme})
    await page.goto(pathToFileURL(path).href)
    await prepare(page)
    const file = join(images, `${name}.png`)
    await page.screenshot({path: file})
    const bytes = statSync(file).size
    console.log(`${file}: ${Math.ceil(bytes / 1024)} KiB`)
    if (bytes > mostBytes) throw new Error(`${file} has ${bytes} bytes; expected at most ${mostBytes}: show less`)
    await page.close()
  }
} finally {
  await browser.close()
  rmSync(folder, {recursive: true, force: true})
}
