import {writeFileSync} from 'node:fs'
import {loadConfig} from '../../src/core/config/load.js'
import {encodeRow, promptText} from '../../src/core/corpus/completions.js'
import {loadModel} from '../../src/core/engine/load-model.js'
import {startEngine} from '../../src/core/engine/start-engine.js'
import {rolloutFlops} from '../../src/core/models/flops.js'
import {shapeOf} from '../../src/core/objectives/objective.js'
import {VisitOrder} from '../../src/core/objectives/order.js'
import {openPrepared} from '../../src/core/prepared/prepared.js'
import {promptLimit} from '../../src/core/prompts/prompt-limit.js'
import type {Completion, Context, Prompt} from '../../src/core/records/records.js'
import {dataFor} from '../../src/core/runs/check-model.js'
import {readModel, sourceOf} from '../../src/core/runs/model-place.js'
import {resolveModel} from '../../src/core/runs/resolve-model.js'
import {withSampler} from '../../src/core/samplers/samplers.js'
import {nextTokenTask} from '../../src/core/tasks/next-token.js'
import type {Tokenizer} from '../../src/core/tokenizer/tokenizer.js'
import {chunksOf} from '../../src/core/util/chunks-of.js'
import {isSameIds} from '../../src/core/util/join-ids.js'
import {silentProgress} from '../../src/core/util/progress.js'

/** What rejection sampling drew, and what it cost. */
export interface Rejection {
  readonly completions: number
  readonly right: number
  /** Right completions that differ from the others of their context, and whose text is read as the same tokens. */
  readonly rows: number
  readonly flops: number
  readonly seconds: number
}

/**
 * Rejection sampling: the completions that the starting checkpoint of an RPT run draws at the contexts which that run visits,
 * as many of each; those that are right become rows for objective sft.
 *
 * @param rptConfig configuration file of the run
 * @param file to write, JSONL
 */
export async function sampleRight(rptConfig: string, file: string): Promise<Rejection> {
  const began = performance.now()
  const {config} = loadConfig({files: [rptConfig], cwd: process.cwd()})
  const resolved = await resolveModel(config.model.path!)
  const model = await readModel(resolved)
  const data = await dataFor(resolved, await openPrepared(config.data.dir!))
  const task = nextTokenTask({config, data, model})
  const order = new VisitOrder(task.size.train, config.seed, task.orderName)
  const visits = Array.from({length: config.train.steps * config.grpo.contextsPerStep}, (_, visit) => order.at(visit))
  const engine = startEngine(config)
  const lines: string[] = []
  const counts = {completions: 0, right: 0, flops: 0}
  try {
    const shape = shapeOf(model, await loadModel(engine, sourceOf(resolved), silentProgress))
    await withSampler({config, engine, model, tokenizer: data.tokenizer}, resolved.step, async (sampler) => {
      for (const chunk of chunksOf(visits, config.grpo.contextsPerStep)) {
        const contexts = chunk.map((index) => task.itemAt('train', index))
        const prompts = contexts.map((context) => task.promptOf(context, promptLimit(config, model)))
        const streamKeys = {seed: config.seed, purpose: 'rejection', step: 0}
        const request = {...config.rollout, groupSize: config.grpo.groupSize, streamKeys}
        const {completions} = await sampler.sample(prompts, request)
        for (const [i, group] of completions.entries()) {
          const right = group.filter((completion) => task.grade(contexts[i], completion).correct)
          counts.completions += group.length
          counts.right += right.length
          const rows = right.map((completion) => rowOf(prompts[i], completion, contexts[i], data.tokenizer))
          for (const row of new Set(rows)) if (row !== null) lines.push(row)
        }
        const lengths = prompts.map(({ids}, i) => ({
          promptTokens: ids.length,
          completionTokens: completions[i].map((completion) => completion.ids.length),
        }))
        counts.flops += rolloutFlops(shape, lengths)
        console.log(`${counts.completions} completions, ${counts.right} right, ${lines.length} rows`)
      }
    })
  } finally {
    await engine.close()
  }
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''))
  return {...counts, rows: lines.length, seconds: (performance.now() - began) / 1000}
}

/** The row of a completion; null where its text would be read as other tokens. */
function rowOf({ids}: Prompt, completion: Completion, {docId, position}: Context, tokenizer: Tokenizer): string | null {
  const isEnded = tokenizer.endIds.includes(completion.ids.at(-1)!)
  const answer = isEnded ? completion.ids.subarray(0, -1) : completion.ids
  const texts = {prompt: promptText(ids, tokenizer), completion: tokenizer.decode(answer)}
  const {promptIds, completionIds} = encodeRow(texts, tokenizer)
  const isSame = isSameIds(promptIds, ids) && isSameIds(completionIds, completion.ids)
  return isSame ? JSON.stringify({doc_id: docId, position, ...texts}) : null
}
