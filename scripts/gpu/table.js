import {existsSync, readFileSync} from 'node:fs'
import {parts, resultFile} from './parts.js'

const gib = (bytes) => (typeof bytes === 'number' ? `${(bytes / 2 ** 30).toFixed(2)} GiB` : 'unknown')
const missing = 'not measured'

/** The table of what parts have found, and whether all of it is of a GPU and of the real shapes. */
export function joinParts(folder) {
  const results = parts.map((_, index) => read(resultFile(folder, index + 1)))
  const there = results.filter((result) => result !== null)
  const isMeasured = there.length > 0 && there.every(({gpu, smallest}) => gpu && !smallest)
  const [parity, tiny, ...rest] = results
  const peers = rest.at(-1)
  const shapes = rest.slice(0, -1)
  const devices = [
    ...new Set(there.map(({device, gpu, smallest}) => `${gpu ?? device}${smallest ? ', smallest shapes' : ''}`)),
  ]
  const lines = [
    `Device: ${devices.join('; ') || missing}.`,
    '',
    `Largest difference of ${parity?.found.summary?.graphs ?? 0} graphs from the CPU: ${parity?.found.summary?.worst?.toExponential(1) ?? missing}.`,
    '',
    `Gain of the tiny experiment in points, and the CPU's interval: ${gainsIn(tiny)}.`,
    '',
    '| size | work | rpt, tokens/s | beside it, tokens/s | to the device | from it | peak of the GPU |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...shapes.flatMap((shape, i) => (shape ? rowsOf(shape, peers?.found[['135M', '0.5B', '1.5B'][i]]) : [])),
    '',
    ...shapes.flatMap((shape) => (shape ? sharesIn(shape) : [])),
  ]
  return {table: `${lines.join('\n').trimEnd()}\n`, isMeasured}
}

function read(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null
}

function gainsIn(tiny) {
  const gains = tiny?.found.gains
  if (!gains) return missing
  return gains.map(({split, gain, cpu}) => `${split} ${gain?.toFixed(1) ?? missing} [${cpu.join(', ')}]`).join('; ')
}

function rowsOf({part, found, peak_device_bytes: peak}, beside = {}) {
  const size = part.split(', ').at(-1)
  return Object.entries(found)
    .filter(([name]) => /^(rollout|update)/.test(name))
    .map(([name, figures]) => {
      const peer = (beside[name] ?? beside[name.split(',')[0]])?.tokens_per_second
      const own = figures.refused ?? figures.tokens_per_second.toFixed(0)
      const cells = [own, peer?.toFixed(0) ?? missing, gib(figures.to_device), gib(figures.from_device), gib(peak)]
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
