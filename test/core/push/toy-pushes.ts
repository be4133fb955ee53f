import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, afterEach, beforeAll, beforeEach, expect, vi} from 'vitest'
import {parse} from 'yaml'
import {evaluate} from '../../../src/core/evaluation/evaluate.js'
import {type PushRequest, push} from '../../../src/core/push/push.js'
import {train} from '../../../src/core/training/train.js'
import type {RptError} from '../../../src/core/util/errors.js'
import type {Services} from '../../../src/core/util/services.js'
import {temporaryFolder} from '../../support/tiny-engine.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'
import {FakeHub} from '../hub/fake-hub.js'

export let workspace: ToyWorkspace
/** The Hub that is pushed to: it has no repository yet. */
export let hub: FakeHub
/** Folder of the cache. */
export let home: string

export const at = (...names: string[]) => join(workspace.folder, ...names)
export const read = (...names: string[]) => readFileSync(at(...names))
export const json = (...names: string[]) => JSON.parse(String(read(...names)))

/** Settings of the training runs, by folder. Each has checkpoints of steps 1 and 2. */
const settings = {
  full: () => ['model.path=owner/base', 'train.objective=rpt'],
  onward: () => [`model.path=${at('full')}`, 'train.objective=ntp', 'eval.every=2', 'eval.bootstraps=20'],
  adapters: () => ['model.path=owner/base', 'train.objective=ntp', 'lora.rank=2', 'lora.merge=true'],
  local: () => ['train.objective=ntp', 'lora.rank=2'],
}

/**
 * Trains runs before the tests of a file, in order, and gives each test an empty Hub. `eval` evaluates the base and `full`.
 */
export function usePushes(runs: readonly (keyof typeof settings | 'eval')[]): void {
  beforeAll(async () => {
    workspace = await toyWorkspace()
    const bases = await new FakeHub('owner/base').start()
    for (const name of readdirSync(workspace.base)) bases.files[name] = {content: read('base', name)}
    vi.stubEnv('HF_HOME', temporaryFolder())
    vi.stubEnv('HF_ENDPOINT', bases.endpoint)
    for (const run of runs) await (run === 'eval' ? evaluateFull() : trainRun(run))
    await bases.stop()
    vi.unstubAllEnvs()
  })
  beforeEach(async () => {
    home = temporaryFolder()
    hub = await new FakeHub('me/toy').start()
    hub.token = 'hf_mine'
    hub.uploads.exists = false
  })
  afterEach(() => hub.stop())
  afterAll(() => vi.unstubAllEnvs())
}

async function trainRun(run: keyof typeof settings): Promise<void> {
  const sets = ['train.steps=2', 'checkpoint.steps=[1]', ...settings[run]()]
  await train(toyConfig(workspace, run, sets), toyServices())
}

async function evaluateFull(): Promise<void> {
  const models = `eval.models=[${workspace.base}, ${at('full')}]`
  await evaluate(toyConfig(workspace, 'eval', [models, 'eval.bootstraps=20']), toyServices({command: 'eval'}))
}

export const env = () => ({HF_HOME: home, HF_ENDPOINT: hub.endpoint, HF_TOKEN: 'hf_mine'})

export function request(run: string, changes: Partial<PushRequest> = {}): PushRequest {
  return {run: at(run), repository: 'hf:me/toy', ...changes}
}

export function services(changes: Partial<Services> = {}, lines: string[] = []): Services {
  return toyServices({command: 'push', ...changes}, lines)
}

export function send(run: string, changes: Partial<PushRequest> = {}, lines: string[] = []) {
  return push(request(run, changes), services({}, lines), {env: env(), delaysMs: [1]})
}

/** The error that `body` ends with. */
export function failure(body: Promise<unknown>): Promise<RptError> {
  return body.then(
    () => expect.unreachable(),
    (error) => error,
  )
}

/** The model card that was sent, and its fields. */
export const card = () => String(hub.files['README.md'].content)
export const fields = () => parse(/^---\n([\s\S]*?)\n---\n/.exec(card())![1])

/** The files that a whole model is loaded from. */
export const modelNames = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']
