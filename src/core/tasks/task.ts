import type {TaskName} from '../config/names.js'
import type {Config} from '../config/schema.js'
import type {Engine} from '../engine/engine.js'
import type {GroupLengths} from '../models/flops.js'
import type {ModelConfig} from '../models/model-config.js'
import type {PreparedData} from '../prepared/prepared.js'
import type {PromptSettings} from '../prompts/prompts.js'
import type {
  Completion,
  ItemFacts,
  ItemKey,
  ItemTraits,
  Outcome,
  Partition,
  Prompt,
  Verdict,
} from '../records/records.js'
import type {SplitOfStrata} from '../statistics/split.js'

/**
 * What can be prompted, answered and graded. Training, rewards and evaluation meet here, so that all of them ask and grade in
 * the same way.
 */
export interface Task<Item> {
  readonly name: string
  readonly size: Readonly<Record<Partition, number>>
  /** What its items are called, in the plural. */
  readonly noun: string
  /** Names the random stream that orders training items. */
  readonly orderName: string
  /** What to do about a partition without items. */
  readonly emptyNotes: Readonly<Record<Partition, string>>
  /** The finest classes of items, each in one; intervals and splits are made of them. */
  readonly strata: readonly string[]
  /** What accuracies are reported on, each a set of strata; the first holds all. */
  readonly splits: readonly SplitOfStrata[]
  /** The instruction template that its prompts are in. */
  readonly promptSettings: PromptSettings
  /** What its grades depend on: config key -> value, in short words. */
  readonly gradeSettings: Readonly<Record<string, string | number>>
  itemAt(partition: Partition, index: number): Item
  /** Of a training item; much cheaper than the item itself. */
  traitsAt(index: number): ItemTraits
  keyOf(item: Item): ItemKey
  factsOf(item: Item): ItemFacts
  /** @param room tokens that the prompt may have */
  promptOf(item: Item, room: number): Prompt
  /** Grades what a completion says. Pure: the same in training and evaluation. */
  grade(item: Item, completion: Completion): Verdict
  /** Tokens of the longest prompt of a partition, uncut; 0 where it is empty. */
  longestPrompt(partition: Partition): number
  /** Answers without a thought; absent where the task has no such answer but by `choices`. */
  readonly standard?: StandardMode
  /** The answers to choose from, where there are any: without a thought the one of the greatest log-probability is taken. */
  readonly choices?: ChoiceMode<Item>
  /** Held-out items that the data leave out, and those that they hold, by stratum; null where they do not tell. */
  leftOut?(): LeftOut | null
}

/** How the items of a task are answered by choosing. */
export interface ChoiceMode<Item> {
  of(item: Item): Choices
  /** What the choice depends on: config key -> value. */
  readonly settings: Readonly<Record<string, string | number>>
  /** Tokens of the longest held-out prompt, and of the longest option. */
  longest(): {readonly promptTokens: number; readonly continuationTokens: number}
}

/** Possible answers that follow a prompt. */
export interface Choices {
  readonly prompt: Int32Array
  readonly options: readonly Choice[]
}

/** One possible answer. */
export interface Choice {
  readonly answer: Uint8Array
  readonly ids: Int32Array
  readonly isRight: boolean
}

/** Items by stratum. */
export interface LeftOut {
  readonly leftOut: Readonly<Record<string, number>>
  readonly kept: Readonly<Record<string, number>>
}

/** One answer of a model. */
export interface Prediction {
  /** Its bytes; null where there is none. */
  readonly answer: Uint8Array | null
  readonly correct: boolean
  /** Null without a completion. */
  readonly outcome: Outcome | null
  readonly text: string | null
  /** Tokens that the answer is made of; null where there is none. */
  readonly answerTokens: number | null
  readonly cutTokens: number
  /** Tokens that the model read and wrote for it, as if it were the only one: one token where there is no completion. */
  readonly lengths: GroupLengths
}

/** The answers to one item: the greedy one, then those that were sampled. */
export interface ItemPredictions {
  readonly key: ItemKey
  readonly facts: ItemFacts
  readonly predictions: readonly Prediction[]
}

/** What of an engine answers without a completion. */
export type ScoringEngine = Pick<Engine, 'score' | 'logprobs'>

/** What answers are made with. */
export interface Answering {
  readonly engine: ScoringEngine
  /** Called between two calls of the engine; throws where the user asked to stop. */
  readonly checkNotStopped: () => void
  /** Called with the number of items that were answered. */
  readonly advance: (items: number) => void
}

/** How a task's items are answered without a thought. */
export interface StandardMode {
  /** What is to be said of its contexts. */
  readonly note?: string
  /** Tokens of the longest held-out sequence that is scored. */
  longest(): number
  /** What its answers depend on: config key -> value. */
  readonly settings: Readonly<Record<string, string | number>>
  /** @param indices of held-out items, ascending */
  predict(indices: Iterable<number>, answering: Answering): AsyncGenerator<ItemPredictions>
}

/** What a task is opened with. */
export interface TaskOpening {
  readonly config: Config
  /** Documents and positions, where the task has them, and the tokenizer of the model. */
  readonly data: PreparedData
  readonly model: ModelConfig
  /** Told what of the items' files is not used; absent where that was said before. */
  readonly warn?: (line: string) => void
}

/** A kind of task: a row of `tasks`. */
export interface TaskKind {
  readonly name: TaskName
  /** What its items are called, in the plural. */
  readonly noun: string
  /** Keys that it cannot do without. */
  readonly needs: readonly string[]
  /** Whether its items are contexts of prepared documents, which rewards may look into; else a tokenizer is enough of data. */
  readonly readsDocuments: boolean
  /** Files that it reads besides prepared data, by the key that names them. */
  readonly files: (config: Config) => Readonly<Record<string, string | undefined>>
  readonly promptSettings: (config: Config) => PromptSettings
  /** Whether an answer counts only behind the end of a thought, also where nothing opens one. */
  readonly endsThought: boolean
  /** Keys that say which template its prompts are in. */
  readonly templateKeys: readonly string[]
  /**
   * Keys of lengths, stop texts, grades and the held-out part that an evaluation takes over from a run that was trained on the task: none of
   * a group of which any key is given.
   */
  readonly sharedKeys: readonly (readonly string[])[]
  /** Of these keys those that decide which items of its files are held out. */
  readonly splitKeys: readonly string[]
  /**
   * Opens it.
   *
   * @throws {DataError} when its items cannot be read
   */
  readonly open: (opening: TaskOpening) => Promise<Task<unknown>>
}
