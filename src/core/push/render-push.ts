import {plural} from '../util/plural.js'
import {visible, visibleLine} from '../util/visible.js'
import type {PushPreview, PushSummary} from './push.js'

/** What was sent, and last where it is; or what would be sent, with the card. */
export function renderPush(result: PushSummary | PushPreview): string {
  const {repository, step, files} = result
  const list = files.map(({path, size_bytes}) => `  ${String(size_bytes).padStart(14)}  ${visibleLine(path)}`)
  if ('card' in result)
    return [`step ${step} would go to ${repository}; bytes:`, ...list, '', visible(result.card).trimEnd()].join('\n')
  if (!result.changed) return `${repository} has step ${step} already: nothing has changed\n${result.url}`
  const made = result.created ? `made ${result.private ? 'private' : 'public'}, ` : ''
  const gone = result.removed.map((path) => `  ${'removed'.padStart(14)}  ${visibleLine(path)}`)
  return [
    `step ${step} is in ${repository}: ${made}${plural(result.sent.length, 'file')} sent; bytes:`,
    ...list,
    ...gone,
    visibleLine(result.url),
  ].join('\n')
}
