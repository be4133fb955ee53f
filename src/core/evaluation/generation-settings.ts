import type {SourcedConfig} from '../config/load.js'
import type {Config} from '../config/schema.js'
import {temperature} from '../config/value-kinds.js'
import {generationFile, readGenerationConfig} from '../models/generation-config.js'
import {withValue} from '../runs/with-value.js'
import type {Progress} from '../util/progress.js'

const key = 'eval.temperature'

/**
 * Fields of `generation_config.json` that are not done, and the value with which each changes nothing: they would bend the
 * distribution that log-probabilities are of. The first group matters where completions are drawn, the second always.
 */
const notDone = {
  drawn: {top_p: 1, top_k: 0, min_p: 0, typical_p: 1, epsilon_cutoff: 0, eta_cutoff: 0},
  always: {repetition_penalty: 1, no_repeat_ngram_size: 0, num_beams: 1},
} as const

/**
 * The settings with the temperature of the checkpoints' `generation_config.json`, where completions are drawn and no
 * temperature is given. Models side by side are drawn from alike: it is taken only where all say the same.
 */
export function withGeneration(loaded: SourcedConfig, folders: readonly string[]): SourcedConfig {
  const [first, ...others] = temperaturesOf(folders)
  const isUsable = temperature.safeParse(first).success && others.every((other) => other === first)
  if (!isUsable || !isOpen(loaded)) return loaded
  const source = folders.map(generationFile).join(', ')
  return {config: withValue(loaded.config, key, first), sources: new Map([...loaded.sources, [key, source]])}
}

/**
 * Says what an evaluation takes from `generation_config.json`, and what it leaves.
 *
 * @param given the settings before `withGeneration`
 */
export function sayGeneration(
  given: SourcedConfig,
  folders: readonly string[],
  command: string,
  {log, warn}: Pick<Progress, 'log' | 'warn'>,
): void {
  const {config, sources} = withGeneration(given, folders)
  const asked = temperaturesOf(folders)
  if (sources.get(key) !== given.sources.get(key))
    log(`${command}: ${key} is ${config.eval.temperature}, as of ${sources.get(key)}`)
  else if (isOpen(given) && asked.some((value) => value != null))
    warn(
      `${command}: ${key} is ${config.eval.temperature}: generation_config.json of the models has ` +
        asked.map((value) => JSON.stringify(value ?? null)).join(', '),
    )
  if (config.eval.modes.some((mode) => mode !== 'standard'))
    for (const folder of folders) warnOfRest(config, folder, command, warn)
}

function warnOfRest(config: Config, folder: string, command: string, warn: Progress['warn']): void {
  const asked = readGenerationConfig(folder)
  const rest = Object.entries({...notDone.always, ...(draws(config) && notDone.drawn)})
    .filter(([name, neutral]) => (asked[name] ?? neutral) !== neutral)
    .map(([name]) => `${name} ${JSON.stringify(asked[name])}`)
  if (rest.length > 0)
    warn(
      `${command}: ${generationFile(folder)} sets ${rest.join(', ')}, which rpt does not support; completions come from the model's whole distribution`,
    )
}

function temperaturesOf(folders: readonly string[]): unknown[] {
  return folders.map((folder) => readGenerationConfig(folder).temperature)
}

/** Whether completions are drawn at a temperature that nobody gave. */
function isOpen({config, sources}: SourcedConfig): boolean {
  return draws(config) && (sources.get(key) ?? 'default') === 'default'
}

function draws({eval: {samples, modes}}: Config): boolean {
  return samples > 0 && modes.includes('reasoning')
}
