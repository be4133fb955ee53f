import {existsSync, realpathSync} from 'node:fs'
import {isAbsolute, relative} from 'node:path'
import {configKeys} from './keys.js'
import {valueAt} from './load.js'
import type {Config} from './schema.js'

/** A file or folder of this machine that a setting names. */
export interface InputPath {
  /** Dotted key, e.g. `model.path`. */
  readonly key: string
  /** As configured. */
  readonly path: string
}

/** Every file and folder that the settings name and that is there, `out` aside; Hub ids are none. */
function inputPaths(config: Config): InputPath[] {
  return configKeys
    .filter(({key, path}) => path !== undefined && key !== 'out')
    .flatMap(({key}) => [valueAt(config, key) ?? []].flat().map((path) => ({key, path: String(path)})))
    .filter(({path}) => isAbsolute(path) && existsSync(path))
}

/** The first input that lies in a folder, is it, or holds it, links followed; undefined where none does. */
export function entangledInput(config: Config, folder: string): InputPath | undefined {
  const place = realpathSync(folder)
  return inputPaths(config).find(({path}) => {
    const input = realpathSync(path)
    return isWithin(place, input) || isWithin(input, place)
  })
}

function isWithin(outer: string, inner: string): boolean {
  const way = relative(outer, inner)
  return way === '' || (!isAbsolute(way) && way.split(/[\\/]/)[0] !== '..')
}
