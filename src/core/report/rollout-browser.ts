import {diagnose, summarizeRollouts} from './diagnose.js'
import {dataBlock, type Html, html, select} from './html.js'
import {type RolloutSample, sampleNote} from './rollout-sample.js'

/** The rollouts of a page with the filters that its script answers to, and what stands out in the first and last steps. */
export function browseRollouts(samples: readonly Omit<RolloutSample, 'ledger'>[]): Html[] {
  const kept = samples.filter(({run}) => run.rolloutSteps.length > 0)
  if (kept.length === 0) return []
  const groups = kept.flatMap((sample) => sample.groups)
  const completions = groups.flatMap((group) => group.completions)
  const unique = <T>(values: readonly T[]) => [...new Set(values)]
  const notes = kept.map(
    (sample) => html`<h3>${sample.run.name}</h3>
${sample.ends.map(({step, rows}) => html`<p>Step ${step}: ${rows.length > 0 ? diagnose(summarizeRollouts(rows)).join(' ') : 'No completions.'}</p>\n`)}`,
  )
  return [
    ...notes,
    html`<p class="note">A sample is shown, drawn from the positions of evenly spread steps with a fixed seed. ${kept.map(sampleNote).join(' ')} rpt inspect shows all.</p>`,
    html`<form class="filters" aria-label="filter rollouts">
${kept.length > 1 && select('run', 'run', unique(groups.map(({run}) => run)))}
${select(
  'step',
  'step',
  unique(groups.map(({step}) => step)).sort((a, b) => a - b),
)}
${select(
  'split',
  'split',
  unique(groups.map(({split}) => split)).filter((split) => split !== ''),
)}
${select('outcome', 'outcome', unique(completions.map(({outcome}) => outcome)))}
${select('result', 'prediction', ['right', 'wrong'])}
<span><label>reward from <input name="least" inputmode="decimal" size="4" autocomplete="off"></label> <label>to <input name="most" inputmode="decimal" size="4" autocomplete="off"></label></span>
<label>text <input name="text" type="search" size="22" autocomplete="off"></label>
<button type="reset">Reset</button>
<output></output>
</form>
<div class="groups"><p>This list needs the script of the page, which did not run.</p></div><button type="button" class="more" hidden></button>`,
    dataBlock(groups),
  ]
}
