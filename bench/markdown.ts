import type {ResultRow, Results, Spread} from './results.js'

/** `results.json` as a page: table, goals missed, what each side did, machine. */
export function renderMarkdown(results: Results): string {
  const {rows, date, command, threads, seconds} = results
  return [
    '# Benchmark results',
    '',
    `Written by \`${command}\` on ${date.slice(0, 10)}, ${threads} threads for both sides, float32, in ` +
      `${Math.round(seconds / 60)} minutes. What is measured, and how: [README.md](README.md).`,
    '',
    'The ratios depend on the processor; with AVX2 only they are smaller, and two are lost or nearly so: [AVX2.md](AVX2.md).',
    '',
    ...tableOf(
      ['work', 'workload', 'unit', 'rpt (min..max)', 'peer (min..max)', 'ratio', 'goal', 'peak GiB rpt / peer', ''],
      rows.map(resultCells),
    ),
    '',
    '## Goals missed',
    '',
    ...missedLines(rows),
    '',
    '## What each side did',
    '',
    ...tableOf(
      ['work', 'workload', 'micro-batch rpt', 'micro-batch peer', 'threads', 'timed runs', 'peer setting', 'same work'],
      rows.map(settingCells),
    ),
    '',
    'Same work: a number that both sides must find in their first timed run: tokens written (rollout, step), gradient',
    'norm (update), mean entropy (score), loss (ntp).',
    ...rows.flatMap(({work, workload, failures}) => failures.map((text) => `\n- ${work} ${workload}: ${text}`)),
    '',
    '## Machine and limits',
    '',
    ...[...Object.entries(results.machine), ...Object.entries(results.versions)].map(
      ([key, text]) => `- ${key}: ${text}`,
    ),
    ...limitLines(results),
    '',
  ].join('\n')
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
}

function resultCells(row: ResultRow): string[] {
  return [
    row.work,
    row.workload,
    row.unit,
    rate(row.ours, row.spread.ours),
    rate(row.peer, row.spread.peer),
    times(row.ratio),
    `${row.goal}x`,
    `${gibibytes(row.peakRssOurs)} / ${gibibytes(row.peakRssPeer)}`,
    row.missed.length > 0 ? `misses ${row.missed.join(' and ')}` : row.ratio === null ? '' : 'met',
  ]
}

function settingCells(row: ResultRow): string[] {
  const unit = {score: 'documents', ntp: 'rows'}[row.work] ?? 'contexts'
  const peerUnit = {score: 'documents'}[row.work] ?? 'rows'
  const {ours, peer} = row.check
  return [
    row.work,
    row.workload,
    `${row.microBatch.ours} ${unit}`,
    `${row.microBatch.peer} ${peerUnit}`,
    `${row.threads.ours ?? '-'} / ${row.threads.peer ?? '-'}`,
    `${row.runs.ours} / ${row.runs.peer}`,
    row.setting || '-',
    ours === null || peer === null ? '-' : `${row.isSameWork ? 'yes' : 'NO'}: ${digits(ours)} / ${digits(peer)}`,
  ]
}

function missedLines(rows: readonly ResultRow[]): string[] {
  const lines = rows.flatMap(({work, workload, missed, ratio, goal, memoryRatio}) =>
    missed.map((what) =>
      what === 'speed'
        ? `- ${work} ${workload}: ${times(ratio)}, goal ${goal}x`
        : `- ${work} ${workload}: ${times(memoryRatio)} the peer's peak memory, goal at most 1x`,
    ),
  )
  return lines.length > 0 ? lines : ['None.']
}

function limitLines({limits}: Results): string[] {
  const names = {ours: 'onnxruntime; copy by one JavaScript thread', peer: 'PyTorch'}
  return (['ours', 'peer'] as const).flatMap((side) => {
    const found = limits[side]
    if (!found) return []
    const flops = `${digits(found.flops / 1e9)} GFLOP/s in a large float32 product`
    return [`- ${names[side]}: ${flops}, ${digits(found.copyBytes / 1e9)} GB/s read and written in a large copy`]
  })
}

function rate(value: number | null, spread: Spread | null): string {
  return value === null || spread === null ? '-' : `${digits(value)} (${digits(spread.min)}..${digits(spread.max)})`
}

function times(ratio: number | null): string {
  return ratio === null ? '-' : `${ratio.toFixed(2)}x`
}

function gibibytes(bytes: number | null): string {
  return bytes === null ? '-' : (bytes / 2 ** 30).toFixed(2)
}

/** Four significant digits, whole numbers from 1,000 on with thousands separated. */
function digits(value: number): string {
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(4)))
}
