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
 * All trackers of some names as one.
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
    for (const name of names) opened.push(await trackers[name].open(join(run, trackers[name].file), rows))
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
