import {existsSync, statSync} from 'node:fs'
import {basename, dirname, join, sep} from 'node:path'
import {setImmediate as nextTurn} from 'node:timers/promises'
import {replaceFile, writeFully} from '../files/durable.js'
import {
  checkOutputFile,
  checkPermission,
  checkWritable,
  guardWrite,
  makeFolder,
  sweepTemporary,
} from '../files/index.js'
import {UsageError} from '../util/errors.js'
import {type Progress, silentProgress} from '../util/progress.js'
import type {Services} from '../util/services.js'
import {contentOf, type ReportContent} from './content.js'
import {type Html, page, pageMark} from './html.js'
import {findRuns, type RunFolder, readRun} from './read-run.js'
import {reasoningSection} from './reasoning.js'
import {sampledSteps} from './rollout-sample.js'
import {
  headlineSection,
  readingSection,
  resultSection,
  rolloutSection,
  scalingSection,
  settingsSection,
  trainingSection,
} from './sections.js'

/** What `writeReport` wrote. */
export interface ReportSummary {
  readonly path: string
  readonly runs: readonly string[]
  readonly bytes: number
}

/** A page that was written, with what it says. */
export interface WrittenReport extends ReportSummary {
  readonly content: ReportContent
}

/** Progress to report to, and the title of the page. */
export interface ReportOptions {
  readonly progress?: Progress
  readonly title?: string
}

/**
 * Writes one self-contained HTML page about run directories; equal inputs give equal bytes.
 *
 * @param paths run directories, or folders with run directories in them
 * @param out file to write, or a folder that gets a `report.html`
 * @throws {UsageError} without runs, or when the file is there and rpt did not write it
 * @throws {DataError} where a run cannot be read
 */
export async function writeReport(
  paths: readonly string[],
  out: string,
  {progress = silentProgress, title}: ReportOptions = {},
): Promise<WrittenReport> {
  const {path, runs} = await openReport(paths, out)
  const content = await contentOf(runs, progress)
  const steps = runs.reduce((sum, run) => sum + sampledSteps(run).length, 0)
  const stage = progress.stage('report', sections.length + steps, 'parts')
  const advance = async () => {
    stage.advance(1)
    await nextTurn()
  }
  const parts: Html[] = []
  for (const render of sections) {
    parts.push(await render(content, advance))
    await advance()
  }
  const text = page(title ?? titleOf(runs), parts)
  await guardWrite('creating', dirname(path), () => makeFolder(dirname(path)))
  const bytes = Buffer.from(text)
  await sweepTemporary(dirname(path), {only: basename(path), warn: progress.warn})
  await replaceFile(path, (handle) => writeFully(handle, bytes))
  stage.done(`${path}, ${Math.ceil(bytes.length / 1024)} KiB`)
  return {path, runs: runs.map((run) => run.path), bytes: bytes.length, content}
}

/**
 * Reads the runs of a report and finds the file to write; changes nothing in a rehearsal.
 *
 * @throws as `writeReport` does before it writes
 */
export async function openReport(
  paths: readonly string[],
  out: string,
  {rehearsal}: Pick<Services, 'rehearsal'> = {},
): Promise<{readonly path: string; readonly runs: readonly RunFolder[]}> {
  if (paths.length === 0) {
    throw new UsageError('report: no run directories; expected at least one', {
      suggestions: ['name run directories, or set report.runs'],
    })
  }
  refuseFiles(paths)
  const isFolder = existsSync(out) && statSync(out).isDirectory()
  const file = isFolder ? join(out, 'report.html') : out
  const path = await checkOutputFile(file, pageMark, 'report', rehearsal ? checkPermission : checkWritable)
  return {path, runs: nameRunsApart(findRuns(paths).map(readRun))}
}

function refuseFiles(paths: readonly string[]): void {
  const file = paths.find((path) => existsSync(path) && statSync(path).isFile())
  if (file === undefined) return
  throw new UsageError(`report: ${file} is a file; expected the folder of a run`, {
    suggestions: [`give a folder, such as ${dirname(file)}`],
  })
}

/** In the order of the page. */
const sections: readonly ((content: ReportContent, advance: () => Promise<void>) => Html | Promise<Html>)[] = [
  headlineSection,
  resultSection,
  ({reasonings}) => reasoningSection(reasonings),
  scalingSection,
  trainingSection,
  rolloutSection,
  settingsSection,
  readingSection,
]

function titleOf(runs: readonly RunFolder[]): string {
  return `Reinforcement Pre-Training: ${runs.map(({name}) => name).join(', ')}`
}

/** Names runs by their folder, with as many parent folders in front as tell it from the others. */
function nameRunsApart(runs: readonly RunFolder[]): RunFolder[] {
  return runs.map((run) => {
    const others = runs.filter((other) => other !== run)
    const depths = Array.from(run.path.split(sep), (_, depth) => depth + 1)
    const isTaken = (depth: number) => others.some(({path}) => endOf(path, depth) === endOf(run.path, depth))
    return {...run, name: endOf(run.path, depths.find((depth) => !isTaken(depth))!)}
  })
}

/** The last folders of a path. */
function endOf(path: string, depth: number): string {
  return path.split(sep).slice(-depth).join('/')
}
