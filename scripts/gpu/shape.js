import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {availableParallelism, tmpdir} from 'node:os'
import {join} from 'node:path'
import {dist} from './parts.js'
import {workOf} from './shapes.js'

const optimizer = {learningRate: 1e-6, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, maxGradNorm: 0.2}
const objective = {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 0}

/** Rollouts and updates of random weights: tokens a second, bytes moved, and where an update's time goes. */
export async function measureShape(size, {device, smallest, note}) {
  const [{LocalEngine}, {passedSoFar}, {Sampler, streamSeed}] = await Promise.all(
    ['core/engine/local-engine.js', 'core/runtime/traffic.js', 'core/util/rng.js'].map(dist),
  )
  const {config, rows, groupSize, context, fresh, updated} = workOf(size, smallest)
  const folder = mkdtempSync(join(tmpdir(), 'rpt-gpu-'))
  const file = join(folder, 'config.json')
  writeFileSync(file, JSON.stringify(config))
  const engine = new LocalEngine({device, threads: availableParallelism()})
  const timed = async (work) => {
    const [before, began] = [passedSoFar(), performance.now()]
    const result = await work()
    const seconds = (performance.now() - began) / 1000
    const {toDevice, fromDevice} = passedSoFar()
    return {result, seconds, to_device: toDevice - before.toDevice, from_device: fromDevice - before.fromDevice}
  }
  try {
    const {parameterCount} = await engine.load({
      config: file,
      init: {embeddingStd: 0.02, linearGain: 1, residualScale: 1},
      seed: 1,
    })
    note('parameters', parameterCount)
    const prompts = (count) =>
      Array.from({length: count}, (_, i) => {
        const sampler = new Sampler(streamSeed(1, 'prompt', i))
        return {
          ids: Int32Array.from({length: context + 1}, () => 3 + sampler.integer(config.vocab_size - 3)),
          streams: Array.from({length: groupSize}, (_, g) => streamSeed(1, 'draw', i, g)),
        }
      })
    const sampling = {temperature: 1, greedy: false, endIds: [2]}
    let sampled = []
    for (const count of rows) {
      const contexts = count / groupSize
      const request = {prompts: prompts(contexts), maxTokens: fresh, contextsPerBatch: contexts, sampling}
      const first = await timed(() => engine.rollout(request))
      const again = await timed(() => engine.rollout(request))
      const tokens = again.result.groups.flat().reduce((sum, {ids}) => sum + ids.length, 0)
      note(`rollout of ${count} rows`, {...figures(again, tokens), first_seconds: first.seconds})
      if (sampled.length === 0)
        sampled = again.result.groups.map((group, i) => ({prompt: request.prompts[i].ids, group}))
    }
    const groups = sampled.slice(0, updated).map(({prompt, group}) => ({
      promptIds: prompt,
      completions: group,
      advantages: group.map((_, g) => (g % 2 === 0 ? 1 : -1)),
    }))
    const shared = {groups, temperature: 1, objective, lossNormalizer: 'token', mismatchLimit: 1, optimizer}
    for (const mode of ['whole', 'segmented']) {
      const request = {...shared, contextsPerMicroBatch: groups.length, mode}
      try {
        const first = await timed(() => engine.updatePolicy(request, false))
        const marks = []
        engine.watch((words) => marks.push({words, at: performance.now()}))
        const began = performance.now()
        const again = await timed(() => engine.updatePolicy(request, false))
        note(`update, ${mode}`, {
          ...figures(again, again.result.trainedTokens),
          first_seconds: first.seconds,
          shares: sharesOf(marks, began, performance.now()),
        })
      } catch (error) {
        // What a device refuses is a finding of its own.
        note(`update, ${mode}`, {refused: error.message})
      }
    }
    note('peak_process_bytes', process.resourceUsage().maxRSS * 1024)
  } finally {
    await engine.close()
    rmSync(folder, {recursive: true, force: true})
  }
}

function figures({result: _, seconds, ...moved}, tokens) {
  return {tokens, seconds, tokens_per_second: tokens / seconds, ...moved}
}

/** Share of the time from one word to the next: of layers forward and backward, of the rest of a micro-batch, of AdamW. */
function sharesOf(marks, began, ended) {
  const phases = {forward: 0, backward: 0, optimizer: 0, rest: 0}
  const times = [...marks, {words: '', at: ended}]
  phases.rest = (times[0]?.at ?? ended) - began
  marks.forEach(({words, at}, i) => {
    const spent = times[i + 1].at - at
    const phase = words.endsWith('backward')
      ? 'backward'
      : /layer \d/.test(words)
        ? 'forward'
        : words.endsWith('optimizer')
          ? 'optimizer'
          : 'rest'
    phases[phase] += spent
  })
  return Object.fromEntries(Object.entries(phases).map(([name, spent]) => [name, spent / (ended - began)]))
}
