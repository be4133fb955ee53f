import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {TrackerName} from '../config/names.js'
import type {MetricsRow} from '../tables/index.js'
import {jsonLines} from './json-lines.js'
import {tensorBoard} from './tensorboard.js'
import type {Tracker, TrackerKind} from './tracker.js'

/** Every tracker by name. Adding one is one file, one row, its name in config/names.ts, and its files in files/output-kinds.ts. */
const trackers: Readonly<Record<TrackerName, TrackerKind>> = {tensorboard: tensorBoard, jsonl: jsonLines}

/** What some trackers write, below the run directory. */
export function trackedFiles(names: readonly TrackerName[]): string[] {
  return names.map((name) => trackers[name].file)
}

/**
 * All trackers of some names as one, and those whose files an earlier attempt left: these would go on showing steps that the
 * run has dropped.
 *
 * @param run absolute path of the run directory
 */
export async function openTrackers(
  names: readonly TrackerName[],
  run: string,
  rows: readonly MetricsRow[],
): Promise<Tracker> {
  const opened: Tracker[] = []
  const close = async () => {
    for (const tracker of opened) await tracker.close()
  }
  try {
    for (const [name, {file, open}] of Object.entries(trackers)) {
      const path = join(run, file)
      if (names.includes(name as TrackerName) || existsSync(path)) opened.push(await open(path, rows))
    }
  } catch (error) {
    await close()
    throw error
  }
  return {
    async write(row) {
      for (const tracker of opened) await tracker.write(row)
    },
    close,
  }
}
