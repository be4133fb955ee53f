// @ts-check
/** Commands that a page names, as a reader would type them. */

/**
 * A word of a command, quoted for a shell where it would not read it as it is.
 *
 * @param {string} text
 * @returns {string}
 */
function shellWord(text) {
  return /^[\w.:/@-][\w.:/@#-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/**
 * What shows a group in a terminal: its completions, and the document where there is one.
 *
 * @param {Pick<import('./filter.js').SampledGroup, 'step' | 'doc' | 'position' | 'byte'>} group
 * @returns {{command: string, shows: string}[]}
 */
export function inspectCommands({step, doc, position, byte}) {
  const one = `--doc ${shellWord(doc)} --position ${position}`
  const completions = {command: `rpt inspect RUN --step ${step} ${one}`, shows: 'shows these completions'}
  return byte === null ? [completions] : [completions, {command: `rpt inspect DATA ${one}`, shows: 'the document'}]
}
