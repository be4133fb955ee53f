import type {Config} from '../config/schema.js'
import {BadRows} from '../corpus/bad-rows.js'
import {type ChoiceQuestion, letters, readChoiceQuestions} from '../corpus/choice-questions.js'
import {placeholder} from '../prompts/templates.js'
import {verifiers} from '../rewards/verify/verifiers.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {DataError, UsageError} from '../util/errors.js'
import {maxOf} from '../util/extremes.js'
import {joinIds} from '../util/join-ids.js'
import type {ChoiceForm} from './choices/choice-form.js'
import {choiceForms} from './choices/choice-forms.js'
import {boxGrader} from './grade-box.js'
import {questionPrompt, questionPromptSettings} from './question-prompts.js'
import type {ChoiceMode, Choices, Task, TaskKind, TaskOpening} from './task.js'

const everyQuestion = 'all'

/**
 * Questions with options (the paper's Table 3: MMLU-Pro, SuperGPQA). An item is a row of `data.questions`; all are held out. Mode
 * standard takes the option of the greatest log-probability, the others what the model boxes. Accuracies go by category, too.
 */
export const multipleChoice: TaskKind = {
  name: 'multiple-choice',
  noun: 'questions',
  needs: ['data.questions'],
  readsDocuments: false,
  files: ({data}) => ({'data.questions': data.questions}),
  promptSettings: questionPromptSettings,
  endsThought: false,
  templateKeys: ['prompt.questionTemplate'],
  sharedKeys: [['prompt.maxTokens'], ['rollout.maxTokens'], ['rollout.stop']],
  splitKeys: [],
  open: openChoices,
}

async function openChoices({config, data: {tokenizer}, model, warn}: TaskOpening): Promise<Task<ChoiceQuestion>> {
  const {questions: file, questionField, optionsField, answerField, categoryField, onBadRow, verifier} = config.data
  const badRows = new BadRows(onBadRow)
  const fields = {question: questionField, options: optionsField, answer: answerField, category: categoryField}
  const items = await readChoiceQuestions(file!, fields, badRows)
  if (badRows.warning !== null) warn?.(badRows.warning)
  const form = choiceForms[config.prompt.choices]
  const settings = questionPromptSettings(config)
  const promptOf = (item: ChoiceQuestion, room: number) =>
    questionPrompt(tokenizer, settings, {key: keyOf(item), text: form.asked(item) + form.howToAnswer}, room)
  const gradeBox = boxGrader(tokenizer, settings)
  const strata = categoriesOf(items, file!)
  return {
    name: multipleChoice.name,
    size: {train: 0, val: items.length},
    noun: multipleChoice.noun,
    orderName: 'multiple-choice',
    emptyNotes: {train: 'questions with options are for evaluation', val: `${file} holds no questions`},
    strata,
    splits: [
      {name: everyQuestion, strata},
      ...(strata.length > 1 ? strata.map((name) => ({name, strata: [name]})) : []),
    ],
    promptSettings: settings,
    gradeSettings: {'prompt.choices': config.prompt.choices, 'data.verifier': verifier},
    itemAt: (_, index) => items[index],
    traitsAt: (index) => ({key: keyOf(items[index]), stratum: stratumOf(items[index]), entropy: null}),
    keyOf,
    factsOf: (item) => ({
      task: multipleChoice.name,
      truth: Buffer.from(form.answer(item, item.right)),
      boundaries: new Int32Array(),
      stratum: stratumOf(item),
      cluster: item.id,
    }),
    promptOf,
    grade: (item, completion) => gradeBox(completion, (boxed) => form.isRight(boxed, item, verifiers[verifier])),
    longestPrompt: () => Math.max(0, maxOf(items.map((item) => promptOf(item, Number.POSITIVE_INFINITY).ids.length))),
    choices: choiceMode(config, items, form, {tokenizer, maxPositions: model.maxPositions}),
  }
}

function keyOf({id}: ChoiceQuestion) {
  return {source: id, index: 0}
}

function stratumOf({category}: ChoiceQuestion): string {
  return category ?? 'no category'
}

/** Categories by name. @throws {DataError} at one that has the name of the whole */
function categoriesOf(items: readonly ChoiceQuestion[], file: string): string[] {
  const names = [...new Set(items.map(stratumOf))].sort()
  if (!names.includes(everyQuestion)) return names
  throw new DataError(`${file} has a category ${everyQuestion}, which is reserved for all questions together`, {
    suggestions: ['set data.categoryField to another field', 'rename the category'],
  })
}

/** What the probabilities of the options are asked of. */
interface Scorer {
  readonly tokenizer: Tokenizer
  readonly maxPositions: number
}

/** The options after the question and `prompt.choiceTemplate`, each behind a space. */
function choiceMode(
  {prompt}: Config,
  items: readonly ChoiceQuestion[],
  form: ChoiceForm,
  scorer: Scorer,
): ChoiceMode<ChoiceQuestion> {
  const [before, after, ...more] = prompt.choiceTemplate.split(placeholder)
  if (after === undefined || more.length > 0)
    throw new UsageError(
      `prompt.choiceTemplate is ${JSON.stringify(prompt.choiceTemplate)}; expected text with ${placeholder} once`,
    )
  const of = (item: ChoiceQuestion) => choicesOf(item, `${before}${form.asked(item)}${after}`, form, scorer)
  return {
    of,
    settings: {'prompt.choiceTemplate': prompt.choiceTemplate},
    longest: () => {
      const all = items.map(of)
      return {
        promptTokens: Math.max(0, maxOf(all.map(({prompt}) => prompt.length))),
        continuationTokens: Math.max(0, maxOf(all.flatMap(({options}) => options.map(({ids}) => ids.length)))),
      }
    },
  }
}

/**
 * Prompt and options are tokenized together and parted where the prompt alone ends, as lm-evaluation-harness does.
 *
 * @throws {DataError} when a question is longer than the model's positions, or an option adds no token
 */
function choicesOf(item: ChoiceQuestion, text: string, form: ChoiceForm, {tokenizer, maxPositions}: Scorer): Choices {
  const start = tokenizer.startId === null ? [] : [tokenizer.startId]
  const alone = tokenizer.encodePrompt(text, true)
  const options = item.options.map((_, index) => {
    const answer = form.answer(item, index)
    const ids = tokenizer.encodePrompt(`${text} ${answer}`, true).subarray(alone.length)
    return {answer: Buffer.from(answer), ids, isRight: index === item.right}
  })
  const lost = options.findIndex(({ids}) => ids.length === 0)
  if (lost >= 0)
    throw new DataError(
      `${item.id}: option ${letters[lost]} adds no token to the prompt, so its probability cannot be computed`,
      {suggestions: ['make prompt.choiceTemplate end in a word or a colon']},
    )
  const length = start.length + alone.length + maxOf(options.map(({ids}) => ids.length))
  if (length > maxPositions)
    throw new DataError(`${item.id} has ${length} tokens with its longest option; the model takes ${maxPositions}`, {
      suggestions: ['leave such questions out', 'use a model with more positions'],
    })
  return {prompt: joinIds(start, alone), options}
}
