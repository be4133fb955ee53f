import {createHash} from 'node:crypto'
import {readFileSync} from 'node:fs'

/** The files of a page's script: each imports from earlier ones only. */
const files = [
  'scale.js',
  'readable.js',
  'chart.js',
  'zoom.js',
  'bytes.js',
  'filter.js',
  'commands.js',
  'dom.js',
  'live-charts.js',
  'live-rollouts.js',
  'ledger-filter.js',
  'live-ledger.js',
  'start.js',
]

/**
 * The script of a page: the files of `page/`, one after another, without their imports and exports.
 *
 * The files are modules, so Node can draw with the same functions. A page has no files that it could import.
 */
export function pageScript(): string {
  const texts = files.map((file) => withoutLinks(readFileSync(new URL(`page/${file}`, import.meta.url), 'utf8')))
  return `(() => {\n'use strict'\n${texts.join('\n')}})()\n`
}

function withoutLinks(text: string): string {
  return text.replace(/^import [^']*'[^']*';?\n/gm, '').replace(/^export (?=function|const|class)/gm, '')
}

/** The source for a content security policy that allows this script and no other. */
export function scriptSource(script: string): string {
  return `'sha256-${createHash('sha256').update(script).digest('base64')}'`
}
