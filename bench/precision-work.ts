import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {PrecisionName} from '../src/core/config/names.js'
import {rolloutPrompts} from '../src/core/engine/sampling/rollout.js'
import {scoreSequences} from '../src/core/engine/scoring/score.js'
import {SessionCache} from '../src/core/engine/sessions/session-cache.js'
import {describeModel} from '../src/core/engine/state/describe-model.js'
import {loadState} from '../src/core/engine/state/load-state.js'
import type {ModelState} from '../src/core/engine/state/model-state.js'
import {updateLanguageModel} from '../src/core/engine/update/language-model-update.js'
import type {PolicyRequest} from '../src/core/engine/update/policy-request.js'
import {updatePolicy} from '../src/core/engine/update/policy-update.js'
import {firstLossScale} from '../src/core/optim/loss-scale.js'
import {loadTokenizer} from '../src/core/tokenizer/tokenizer.js'
import {maxOf} from '../src/core/util/extremes.js'
import {streamSeed} from '../src/core/util/rng.js'
import {root} from './paths.js'

/** How far float16 products move a model, measured on a CPU: the same graphs with and without the roundings. */
export interface Agreement {
  /** Tokens scored. */
  readonly tokens: number
  /** Of the log-probability of a token. */
  readonly largestDifference: number
  readonly meanDifference: number
  /** Of the gradient of all weights, in next-token prediction and in GRPO. */
  readonly languageModelCosine: number
  readonly policyCosine: number
  /** Between sampling and update, both in float16, on one log-probability. */
  readonly largestMismatch: number
}

/** Sizes that give the figures of the documents. */
const usual = {sequences: 4, documentsEach: 4, tokens: 160, promptTokens: 32, groupSize: 4, completionTokens: 64}

/** A step of size 0: gradients stay in the first moments, a tenth of them, and no weight moves. */
const still = {learningRate: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1e30}

/**
 * @param folder a checkpoint with its tokenizer
 * @param sizes of texts, from the corpus of experiments/tiny, and of completions
 */
export async function measureAgreement(folder: string, sizes = usual): Promise<Agreement> {
  const source = {checkpoint: folder}
  const state = await loadState(source, await describeModel(source))
  const sequences = await textsOf(folder, sizes)
  const [plain, rounded] = (['float32', 'float16-rounded'] as const).map((precision) => ({
    precision,
    sessions: new SessionCache({device: 'cpu', threads: 2, precision}),
  }))
  const score = async ({sessions}: typeof plain) =>
    (await scoreSequences(state, sessions, sequences, {topK: 16, batchTokens: 1024})).flatMap(({targetLogprob}) => [
      ...targetLogprob,
    ])
  const [exact, moved] = [await score(plain), await score(rounded)]
  const differences = exact.map((logprob, i) => Math.abs(logprob - moved[i]))

  const rows = sequences.map((ids) => ({ids, trainedFrom: 1}))
  const learn = ({sessions, precision}: typeof plain) =>
    gradientOf(state, precision, () =>
      updateLanguageModel(state, sessions, {rows, rowsPerMicroBatch: 4, optimizer: still, mode: 'whole'}),
    )
  const languageModelCosine = cosine((await learn(plain)).gradient, (await learn(rounded)).gradient)

  const request = await sampled(state, rounded.sessions, sequences, sizes)
  const improve = ({sessions, precision}: typeof plain) =>
    gradientOf(state, precision, () => updatePolicy(state, sessions, request, null, true))
  const [exactUpdate, movedUpdate] = [await improve(plain), await improve(rounded)]
  for (const {sessions} of [plain, rounded]) await sessions.release()
  return {
    tokens: exact.length,
    largestDifference: maxOf(differences),
    meanDifference: differences.reduce((sum, difference) => sum + difference, 0) / differences.length,
    languageModelCosine,
    policyCosine: cosine(exactUpdate.gradient, movedUpdate.gradient),
    largestMismatch: movedUpdate.update!.mismatchMax,
  }
}

async function textsOf(folder: string, {sequences, documentsEach, tokens}: typeof usual): Promise<Int32Array[]> {
  const tokenizer = await loadTokenizer(folder)
  const lines = readFileSync(join(root, 'experiments', 'tiny', 'corpus.jsonl'), 'utf8').split('\n')
  const texts: string[] = lines.slice(0, sequences * documentsEach).map((line) => JSON.parse(line).text)
  return Array.from({length: sequences}, (_, i) => {
    const text = texts.slice(i * documentsEach, (i + 1) * documentsEach).join('\n')
    return tokenizer.encodeText(text).slice(0, tokens)
  })
}

/** Completions that the model samples in float16, half of them good and half bad. */
async function sampled(
  state: ModelState,
  sessions: SessionCache,
  sequences: readonly Int32Array[],
  {promptTokens, groupSize, completionTokens}: typeof usual,
): Promise<PolicyRequest> {
  const prompts = sequences.map((ids, i) => ({
    ids: ids.slice(0, promptTokens),
    streams: Array.from({length: groupSize}, (_, sample) => streamSeed(0, 'precision', i, sample)),
  }))
  const sampling = {temperature: 1, greedy: false, endIds: state.config.endIds}
  const {groups} = await rolloutPrompts(state, sessions, {
    ...{prompts, sampling},
    maxTokens: completionTokens,
    contextsPerBatch: sequences.length,
  })
  return {
    groups: groups.map((completions, i) => ({
      promptIds: prompts[i].ids,
      completions,
      advantages: completions.map((_, sample) => (sample % 2 === 0 ? 1 : -1)),
    })),
    temperature: 1,
    objective: {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 0},
    lossNormalizer: 'token',
    contextsPerMicroBatch: 4,
    mismatchLimit: Number.POSITIVE_INFINITY,
    optimizer: still,
    mode: 'whole',
  }
}

/** The gradient of an update that moves nothing, with the loss scaled as in training. */
async function gradientOf<T>(state: ModelState, precision: PrecisionName, update: () => Promise<T>) {
  state.moments.clear()
  state.lossScale = precision === 'float32' ? null : firstLossScale
  let done = await update()
  // Skipped: the scale is halved, as in training.
  while (state.moments.size === 0) done = await update()
  const gradient = new Map([...state.moments].map(([name, {first}]) => [name, first]))
  return {update: done, gradient}
}

function cosine(a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>): number {
  let [product, squareA, squareB] = [0, 0, 0]
  for (const [name, own] of a) {
    const other = b.get(name)!
    for (let i = 0; i < own.length; i++) {
      product += own[i] * other[i]
      squareA += own[i] * own[i]
      squareB += other[i] * other[i]
    }
  }
  return product / Math.sqrt(squareA * squareB)
}
