import {existsSync} from 'node:fs'
import {type Browser, chromium} from 'playwright-core'

/** Chromium: that of the variable CHROMIUM, or where Debian has it. */
export const browserPath = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Why there is no browser to start; null where there is one. */
export function lacksBrowser(): string | null {
  return existsSync(browserPath) ? null : `no browser at ${browserPath}; set CHROMIUM to one`
}

/** Starts the browser without a window. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({executablePath: browserPath, args: ['--no-sandbox']})
}
