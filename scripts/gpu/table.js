import {existsSync, readFileSync} from 'node:fs'
import {parts, resultFile} from './parts.js'

const gib = (bytes) => (typeof bytes === 'number' ? `${(bytes / 2 ** 30).toFixed(2)} GiB` : 'unknown')
const rate = (tokens) => tokens.toFixed(0)
const missing = 'not measured'

/** The table of what parts have found, and why it fits no page: null where all of it is whole, of a GPU and of the real shapes. */
export function joinParts(folder) {
  const results = parts.map((_, index) => read(resultFile(folder, index + 1)))
  const there = results.filter((result) => result !== null)
  const isMeasured = there.length > 0 && there.every(({gpu, smallest}) => gpu && !smallest)
  const failed = results.flatMap((result, index) => (result?.complete && result.status === 0 ? [] : [index + 1]))
  const failure = `not complete with status 0: part ${failed.join(', ')}`
  const foreign = 'these figures are not of a GPU, or of the smallest shapes'
  const unfit = !isMeasured ? foreign : failed.length > 0 ? failure : null
  const [parity, tiny, ...rest] = results
  const peers = rest.at(-1)
  const shapes = rest.slice(0, -1)
  const devices = [
    ...new Set(there.map(({device, gpu, smallest}) => `${gpu ?? device}${smallest ? ', smallest shapes' : ''}`)),
  ]
  const lines = [
    `Device: ${devices.join('; ') || missing}.`,
    ...(failed.length > 0 ? ['', `${failure[0].toUpperCase()}${failure.slice(1)}.`] : []),
    '',
    `Largest difference of ${parity?.found.summary?.graphs ?? 0} graphs from the CPU: ${figure(parity?.found.summary?.worst, (worst) => worst.toExponential(1))}.`,
    '',
    `Gain of the tiny experiment in points, and the CPU's interval: ${gainsIn(tiny)}.`,
    '',
    '| size | work | rpt, tokens/s | beside it, tokens/s | to the device | from it | peak of the GPU |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...shapes.flatMap((shape, i) => (shape ? rowsOf(shape, peers?.found[['135M', '0.5B', '1.5B'][i]]) : [])),
    '',
    ...shapes.flatMap((shape) => (shape ? sharesIn(shape) : [])),
  ]
  return {table: `${lines.join('\n').trimEnd()}\n`, unfit}
}

/** A number as `write` has it; a text where it was not finite. */
function figure(value, write) {
  return typeof value === 'number' ? write(value) : (value ?? missing)
}

function read(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null
}

function gainsIn(tiny) {
  const gains = tiny?.found.gains
  if (!gains) return missing
  return gains
    .map(({split, gain, cpu}) => `${split} ${figure(gain, (points) => points.toFixed(1))} [${cpu.join(', ')}]`)
    .join('; ')
}

function rowsOf({part, found, peak_device_bytes: peak}, beside = {}) {
  const size = part.split(', ').at(-1)
  return Object.entries(found)
    .filter(([name]) => /^(rollout|update)/.test(name))
    .map(([name, figures]) => {
      const peer = (beside[name] ?? beside[name.split(',')[0]])?.tokens_per_second
      const own = figures.refused ?? figure(figures.tokens_per_second, rate)
      const cells = [own, figure(peer, rate), gib(figures.to_device), gib(figures.from_device), gib(peak)]
      return `| ${[size, name, ...cells].join(' | ')} |`
    })
}

function sharesIn({part, found}) {
  return Object.entries(found)
    .filter(([, figures]) => figures?.shares)
    .map(([name, {shares}]) => {
      const words = Object.entries(shares).map(([phase, share]) => `${phase} ${Math.round(100 * share)}%`)
      return `- ${part.split(', ').at(-1)}, ${name}: ${words.join(', ')}`
    })
}
