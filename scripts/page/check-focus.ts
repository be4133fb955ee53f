import assert from 'node:assert/strict'
import type {Page} from 'playwright-core'

/** Lists that show more when asked, the button that asks, and what of a row takes the focus. */
const lists = [
  {rows: '#ledger .items tbody tr', button: '#ledger button', focused: 'a', form: '#ledger form'},
  {rows: '#rollouts .group', button: '#rollouts button.more', focused: 'summary', form: '#rollouts form'},
]

/** Shows more rows by a key: the first new one has the focus, also where the button is gone. Then shows as many as before. */
export async function checkFocus(page: Page): Promise<void> {
  for (const {rows, button, focused, form} of lists) {
    const showFirst = () => page.locator(form).evaluate((one) => one.dispatchEvent(new Event('input')))
    await showFirst()
    const shown = await page.locator(rows).count()
    await page.locator(button).focus()
    await page.keyboard.press('Enter')
    assert((await page.locator(rows).count()) > shown, `no more than ${shown} of ${rows}`)
    assert(!(await page.locator(button).isVisible()), `${button} is still there`)
    const first = page.locator(rows).nth(shown).locator(focused).first()
    assert(await first.evaluate((one) => one === document.activeElement), `${rows} ${shown} does not have the focus`)
    await showFirst()
  }
}
