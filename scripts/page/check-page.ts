/**
 * Opens a report's page in a browser and uses it: `npm run check:page [-- --must-run] [--shots FOLDER]`.
 *
 * Checks light and dark, at 380 and 1,280 pixels, and without scripts. The browser is that of the variable CHROMIUM, or
 * /usr/bin/chromium; without one the check is skipped and says so, or fails under `--must-run`. `--shots` keeps pictures.
 */
import assert from 'node:assert/strict'
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'
import {parseArgs} from 'node:util'
import type {Browser, Page} from 'playwright-core'
import {lacksBrowser, openBrowser} from './browser.js'
import {checkFocus} from './check-focus.js'
import {categories, makePage} from './make-page.js'

const {values: flags} = parseArgs({
  options: {'must-run': {type: 'boolean'}, shots: {type: 'string'}},
})
const widths = [380, 1280]
const schemes = ['light', 'dark'] as const

type Check = readonly [name: string, run: (page: Page) => Promise<void>]

const chart = (page: Page) => page.locator('figure.chart').first()
const steps = (page: Page) => chart(page).locator('text.step').allTextContents()
const tip = (page: Page) => chart(page).locator('.tip')
const found = async (page: Page) => (await page.locator('.filters output').textContent()) ?? ''

/** What a reader does, in this order; each check leaves the page as it was. */
const checks: readonly Check[] = [
  [
    'nothing is wider than the page, and no table is cut',
    async (page) => {
      const wide = await page.evaluate(() => {
        const room = document.documentElement.clientWidth
        const boxes = [...document.querySelectorAll<HTMLElement>('main *:not(svg *)')]
        const isOutside = (box: HTMLElement) => box.checkVisibility() && box.getBoundingClientRect().right > room + 1
        const isCut = (box: HTMLElement) => box.matches('.table, .drawn') && box.scrollWidth > box.clientWidth + 1
        return [document.documentElement, ...boxes]
          .filter((box) => box.scrollWidth > room + 1 || isOutside(box) || isCut(box))
          .map((box) => `${box.tagName} ${box.className}: ${box.scrollWidth} of ${box.clientWidth}`)
      })
      assert.deepEqual(wide, [])
    },
  ],
  [
    'text stands out from its background',
    async (page) => {
      const faint = await page.evaluate(() => {
        const light = (color: string) => {
          const [r, g, b] = (color.match(/[\d.]+/g) ?? []).map((part) => {
            const share = Number(part) / 255
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
          })
          return 0.2126 * r + 0.7152 * g + 0.0722 * b
        }
        const paper = light(getComputedStyle(document.body).backgroundColor)
        const contrast = (color: string) =>
          (Math.max(light(color), paper) + 0.05) / (Math.min(light(color), paper) + 0.05)
        const texts = [...document.querySelectorAll('h1, p, caption, th, td, small, label, svg text, summary')]
        const colorOf = (one: Element) => getComputedStyle(one)[one instanceof SVGElement ? 'fill' : 'color']
        return [...new Set(texts.map(colorOf))].filter((color) => contrast(color) < 4.5)
      })
      assert.deepEqual(faint, [])
    },
  ],
  [
    'pointing at a chart reads a step, and leaving it hides that',
    async (page) => {
      const box = await boxOf(page)
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
      assert.match((await tip(page).textContent()) ?? '', /^step \d+rpt: [\d.]+ \(trend [\d.]+\)$/)
      assert(await tip(page).isVisible())
      await page.mouse.move(0, 0)
      assert(!(await tip(page).isVisible()))
    },
  ],
  [
    'dragging over a chart zooms, and a double click shows all steps',
    async (page) => {
      const before = await steps(page)
      const box = await boxOf(page)
      const y = box.y + box.height / 2
      await page.mouse.move(box.x + box.width * 0.4, y)
      await page.mouse.down()
      await page.mouse.move(box.x + box.width * 0.6, y, {steps: 4})
      await page.mouse.up()
      const zoomed = (await steps(page)).map(Number)
      assert(Math.min(...zoomed) > 60 && Math.max(...zoomed) < 140, `steps ${zoomed}`)
      await page.mouse.dblclick(box.x + box.width / 2, y)
      assert.deepEqual(await steps(page), before)
      await page.mouse.move(box.x + 2, y)
      await page.mouse.down()
      await page.mouse.move(box.x + 20, y, {steps: 4})
      await page.mouse.up()
      assert.deepEqual(await steps(page), before)
      await blur(page)
    },
  ],
  [
    'the wheel scrolls the page, and zooms a chart that was clicked',
    async (page) => {
      const before = await steps(page)
      const box = await boxOf(page)
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
      const top = await page.evaluate(() => scrollY)
      await page.mouse.wheel(0, 40)
      await page.waitForFunction((old) => scrollY !== old, top)
      assert.deepEqual(await steps(page), before)
      await page.mouse.down()
      await page.mouse.up()
      await page.mouse.wheel(0, -400)
      await page.waitForFunction(
        () => document.querySelector('figure.chart')?.getAttribute('data-range') !== '1 to 200',
      )
      assert.notDeepEqual(await steps(page), before)
      await page.keyboard.press('Escape')
      assert.deepEqual(await steps(page), before)
      await blur(page)
    },
  ],
  [
    'keys reach a chart, read steps and zoom',
    async (page) => {
      const before = await steps(page)
      await page.locator('figure.strips').focus()
      for (let i = 0; i < 40 && !(await isFocused(page)); i++) await page.keyboard.press('Tab')
      assert(await isFocused(page), 'Tab does not reach the chart')
      await page.keyboard.press('Home')
      for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight')
      assert.match((await tip(page).textContent()) ?? '', /^step 4rpt/)
      await page.keyboard.press('+')
      assert.notDeepEqual(await steps(page), before)
      await page.keyboard.press('Escape')
      assert.deepEqual(await steps(page), before)
      await page.keyboard.press('Tab')
      assert(!(await tip(page).isVisible()))
    },
  ],
  [
    'points of other figures say their numbers',
    async (page) => {
      for (const [kind, mark] of [
        ['strips', '.mark'],
        ['marks', '[aria-roledescription=point]'],
      ]) {
        const figure = page.locator(`figure.${kind}`).first()
        const shown = figure.locator('.tip')
        await figure.locator(mark).first().hover()
        const first = await shown.textContent()
        assert.match(first ?? '', /\d+\.\d% \[/)
        assert(await shown.isVisible())
        await figure.evaluate((one: HTMLElement) => one.focus({preventScroll: true}))
        await page.keyboard.press('ArrowRight')
        assert.notEqual(await shown.textContent(), first)
        await blur(page)
        assert(!(await shown.isVisible()))
      }
    },
  ],
  [
    'filters leave fewer rollouts, and reset brings all back',
    async (page) => {
      const before = await found(page)
      assert.match(before, /^(\d+) of \1 completions, at (\d+) of \2 positions$/)
      const all = await page.locator('.group').count()
      await page.locator('select[name=result]').selectOption('right')
      const right = await found(page)
      assert.notEqual(right, before)
      await page.locator('select[name=step]').focus()
      await page.keyboard.press('ArrowDown')
      assert.notEqual(await found(page), right)
      await page.locator('input[name=text]').fill('no such text')
      assert.match(await found(page), /^0 of /)
      assert.equal(await page.locator('.group').count(), 0)
      await page.locator('button[type=reset]').click()
      await page.waitForFunction((text) => document.querySelector('.filters output')?.textContent === text, before)
      assert.equal(await page.locator('.group').count(), all)
    },
  ],
  [
    'the table of categories has a row for each and a column for each mode of each model',
    async (page) => {
      const table = page.locator('table', {has: page.locator('caption', {hasText: 'Accuracy by category'})})
      assert.equal(await table.locator('tbody tr').count(), 1 + Object.keys(categories).length)
      assert.equal(await table.locator('tbody tr').last().locator('td').count(), 1 + 4)
      assert.match((await table.locator('tbody tr').last().textContent()) ?? '', /^computer science N33\d+\.\d\[/)
    },
  ],
  [
    'the ledger lists the items that went as asked, in the order asked for',
    async (page) => {
      const rows = page.locator('#ledger .items tbody tr')
      const cells = (column: string) => rows.locator(`td[data-column="${column}"]`).allTextContents()
      const count = page.locator('#ledger output')
      const all = await count.textContent()
      assert.match(all ?? '', /^(\d+) of \1 items$/)
      await page.locator('#ledger select[name=way]').selectOption('always-right')
      assert.match((await count.textContent()) ?? '', /^0 of /)
      assert.equal(await rows.count(), 0)
      await page.locator('#ledger select[name=way]').selectOption('sometimes-right')
      await page.locator('#ledger select[name=order]').selectOption('right most')
      const right = (await cells('completions right')).map((text) => text.split(' of ').map(Number))
      const shares = right.map(([correct, completions]) => correct / completions)
      assert(
        shares.every((share) => share > 0 && share < 1),
        `shares ${shares}`,
      )
      assert.deepEqual(
        shares,
        shares.toSorted((a, b) => b - a),
      )
      await page.locator('#ledger select[name=split]').selectOption('hard')
      assert.deepEqual([...new Set(await cells('split'))], ['hard'])
      await page.locator('#ledger form').evaluate((form: HTMLFormElement) => {
        form.reset()
        form.dispatchEvent(new Event('input'))
      })
      const shown = await rows.count()
      await page.locator('#ledger button').click()
      assert((await rows.count()) > shown)
      assert.match((await rows.first().locator('small').textContent()) ?? '', /^from byte \d+$/)
    },
  ],
  ['rows that a key asked for have the focus', checkFocus],
  [
    'a row of the ledger leads to its rollouts',
    async (page) => {
      const link = page.locator('#ledger a[data-find]').first()
      const item = await link.textContent()
      const before = await found(page)
      await link.click()
      assert.equal(await page.locator('input[name=text]').inputValue(), item)
      await page.waitForFunction((text) => document.querySelector('.filters output')?.textContent !== text, before)
      const [group] = await page.locator('.group').all()
      await group.locator('summary').click()
      const note = (await group.locator('p.note').first().textContent()) ?? ''
      const [doc, position] = (item ?? '').split('@')
      assert(note.includes(`${doc}, position ${position} (byte `) && note.includes('In the whole run: drawn '), note)
      await page.locator('button[type=reset]').click()
      await page.waitForFunction((text) => document.querySelector('.filters output')?.textContent === text, before)
    },
  ],
  [
    'a position opens by a key and shows every byte and the ends of tokens',
    async (page) => {
      const group = page.locator('.group').first()
      await group.locator('summary').focus()
      await page.keyboard.press('Enter')
      await group.locator('.completion').first().waitFor()
      const [data, shown] = await group.evaluate((view) => {
        const [first] = JSON.parse(document.querySelector('#rollouts > script')?.textContent ?? '[]')
        const line = view.querySelector('.bytes code')
        const numbers = [...(line?.querySelectorAll('span') ?? [])].map(({title}) => title.replace(/^.*: | /g, ''))
        const ends = [...(line?.querySelectorAll('i') ?? [])].map(({title}) => Number(title.split(' ').at(-1)) + 1)
        return [
          {truth: first.truth, boundaries: first.boundaries, completions: first.completions.length},
          {truth: numbers.join(''), boundaries: ends, completions: view.querySelectorAll('.completion').length},
        ]
      })
      assert.deepEqual(shown, data)
    },
  ],
]

async function boxOf(page: Page) {
  const canvas = chart(page).locator('.canvas')
  await canvas.scrollIntoViewIfNeeded()
  return (await canvas.boundingBox())!
}

async function blur(page: Page): Promise<void> {
  await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur())
  await page.mouse.move(0, 0)
}

function isFocused(page: Page): Promise<boolean> {
  return chart(page).evaluate((figure) => document.activeElement === figure)
}

/** Uses the page under one size and scheme; returns what failed. */
async function use(
  browser: Browser,
  url: string,
  width: number,
  colorScheme: (typeof schemes)[number],
): Promise<string[]> {
  const context = await browser.newContext({viewport: {width, height: 860}, colorScheme})
  const page = await context.newPage()
  const problems: string[] = []
  page.on('console', (message) => message.type() !== 'log' && problems.push(`console: ${message.text()}`))
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`))
  page.on('request', (request) => request.url() !== url && problems.push(`request: ${request.url()}`))
  // tsx gives functions their names by a helper that a page does not have.
  await page.addInitScript({content: 'globalThis.__name = (named) => named'})
  await page.goto(url)
  const where = `${colorScheme}, ${width} px`
  for (const [name, run] of checks) {
    const failure = await run(page).then(
      () => null,
      (error: Error) => error.message.split('\n').slice(0, 12).join(' '),
    )
    console.log(`${failure === null ? 'passed' : 'FAILED'}  ${where}: ${name}${failure === null ? '' : `: ${failure}`}`)
    if (failure !== null) problems.push(`${where}: ${name}`)
  }
  if (flags.shots) await page.screenshot({path: join(flags.shots, `${colorScheme}-${width}.png`), fullPage: true})
  await context.close()
  return problems
}

/** A page that may run no script shows its curves, and says what it cannot show. */
async function useWithoutScripts(browser: Browser, url: string): Promise<string[]> {
  const context = await browser.newContext({javaScriptEnabled: false})
  const page = await context.newPage()
  await page.goto(url)
  const curves = await page.locator('svg.curves').count()
  const isSaid = await page.getByText('needs the script of the page').isVisible()
  await context.close()
  const passed = curves > 0 && isSaid
  console.log(`${passed ? 'passed' : 'FAILED'}  without scripts: ${curves} charts`)
  return passed ? [] : ['without scripts']
}

const lack = lacksBrowser()
if (lack) {
  console.log(`check:page: skipped: ${lack}`)
  process.exit(flags['must-run'] ? 1 : 0)
}
if (flags.shots) mkdirSync(flags.shots, {recursive: true})
const folder = mkdtempSync(join(tmpdir(), 'rpt-check-page-'))
const browser = await openBrowser()
try {
  const url = pathToFileURL(await makePage(folder)).href
  const problems: string[] = []
  for (const width of widths) for (const scheme of schemes) problems.push(...(await use(browser, url, width, scheme)))
  problems.push(...(await useWithoutScripts(browser, url)))
  console.log(problems.length === 0 ? 'check:page: passed' : `check:page: FAILED\n${problems.join('\n')}`)
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  await browser.close()
  rmSync(folder, {recursive: true, force: true})
}
