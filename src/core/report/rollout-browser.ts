import type {RolloutRow} from '../tables/index.js'
import {groupBy} from '../util/group-by.js'
import {quoteBytes} from '../util/quote-bytes.js'
import {spread} from './choose-rows.js'
import {type ContextLookup, readContexts} from './contexts.js'
import {diagnose, summarizeRollouts} from './diagnose.js'
import {plural, short} from './format.js'
import {type Html, html} from './html.js'
import {type RunFolder, readRollouts, settingOf} from './read-run.js'

const contextLength = 110
const textLength = 3000

/** Groups of the first and the last step whose rollouts were kept, spread evenly, with every completion and its reward. */
export function browseRollouts(run: RunFolder, groupsPerStep = 6): Html[] {
  const {rolloutSteps} = run
  const steps = [...new Set([rolloutSteps[0], rolloutSteps[rolloutSteps.length - 1]])]
  return rolloutSteps.length === 0 ? [] : steps.map((step) => browseStep(run, step, groupsPerStep))
}

function browseStep(run: RunFolder, step: number, groupCount: number): Html {
  const rows = readRollouts(run.path, step)
  if (rows.length === 0) return html`<h3>${run.name}, step ${step}</h3><p>No completions.</p>`
  const groups = [...groupBy(rows, ({group}) => group).values()]
  const shown = spread(groups.length, groupCount).map((index) => groups[index])
  const contextOf = readContexts(settingOf(run, 'data.dir'), shown.flat(), contextLength)
  return html`<h3>${run.name}, step ${step}</h3>
<p>${diagnose(summarizeRollouts(rows)).join(' ')}</p>
<p class="note">${shown.length} of ${plural(groups.length, 'group')}.</p>
${shown.map((group) => browseGroup(group, contextOf))}`
}

function browseGroup(group: readonly RolloutRow[], contextOf: ContextLookup): Html {
  const [{doc_id, position, truth}] = group
  const won = group.filter(({correct}) => correct).length
  const context = contextOf({doc_id, position})
  const sorted = [...group].sort((a, b) => b.reward - a.reward || a.sample - b.sample)
  return html`<details><summary><span class="tag${won > 0 ? ' won' : ''}">${won} of ${group.length}</span>
<code>${context ?? `${doc_id}, position ${position}`}</code><code class="truth">${firstToken(group[0])}</code></summary>
<p class="note">${doc_id}, position ${position}; reference ${quoteBytes(truth)}</p>
${sorted.map(browseCompletion)}</details>
`
}

function browseCompletion(row: RolloutRow): Html {
  const prediction = row.prediction && html` · predicted <code>${quoteBytes(row.prediction)}</code>`
  return html`<div class="completion">
<p><span class="tag${row.correct ? ' won' : ''}">${row.outcome}</span>reward ${short(row.reward)} · advantage ${short(row.advantage)} · ${plural(row.completion_ids.length, 'token')}${prediction}</p>
<p class="note">${row.explanation}</p>
<pre>${shorten(row.completion_text)}</pre>
</div>
`
}

/** What the shortest winning prediction would be. */
function firstToken({truth, boundaries}: RolloutRow): string {
  return new TextDecoder().decode(truth.subarray(0, boundaries[0] ?? truth.length))
}

function shorten(text: string): string {
  const characters = [...text]
  if (characters.length <= textLength) return text
  const half = textLength / 2
  const cut = plural(characters.length - textLength, 'character')
  return `${characters.slice(0, half).join('')}\n[... ${cut} left out ...]\n${characters.slice(-half).join('')}`
}
