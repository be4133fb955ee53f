import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {loadConfig} from '../../src/core/config/load.js'
import {resolvedYaml} from '../../src/core/config/resolved.js'
import {temporaryFolder} from './tiny-engine.js'

/** The checkpoint folder, without weights, of a run that was trained with these settings. */
export function checkpointOf(sets: readonly string[]): string {
  const run = temporaryFolder()
  const folder = join(run, 'checkpoints', 'step-000001')
  mkdirSync(folder, {recursive: true})
  const {config, sources} = loadConfig({sets, cwd: run})
  writeFileSync(join(run, 'config.resolved.yaml'), resolvedYaml(config, sources))
  writeFileSync(join(folder, 'config.json'), '{}')
  const counts = {step: 1, visits: 0, numTokens: 0, wallSeconds: 0, seed: 0}
  const state = {...counts, objective: config.train.objective, configHash: ''}
  writeFileSync(join(folder, 'trainer-state.json'), JSON.stringify(state))
  return folder
}
