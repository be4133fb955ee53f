import {BadRows} from '../corpus/bad-rows.js'
import {type Question, readQuestions} from '../corpus/questions.js'
import {splitQuestions} from '../corpus/split-questions.js'
import type {Partition, Prompt} from '../records/records.js'
import {truthOf} from '../rewards/verify/truth-of.js'
import {verifiers} from '../rewards/verify/verifiers.js'
import {maxOf} from '../util/extremes.js'
import {boxGrader} from './grade-box.js'
import {questionPrompt, questionPromptSettings} from './question-prompts.js'
import type {Task, TaskKind, TaskOpening} from './task.js'

type QuestionItem = Pick<Question, 'id' | 'question' | 'truth'>

const onlyStratum = 'all'
const splitKeys = ['data.valFraction', 'data.valDocuments', 'data.questionField', 'data.answerField']

/**
 * Questions with answers that can be verified (RLVR): an item is a row of `data.questions`, right what `data.verifier` finds
 * equal to the truth in its answer.
 */
export const questions: TaskKind = {
  name: 'questions',
  noun: 'questions',
  needs: ['data.questions'],
  readsDocuments: false,
  files: ({data}) => ({'data.questions': data.questions}),
  promptSettings: questionPromptSettings,
  endsThought: false,
  templateKeys: ['prompt.questionTemplate'],
  sharedKeys: [
    ['prompt.maxTokens'],
    ['rollout.maxTokens'],
    ['rollout.stop'],
    ['data.verifier'],
    splitKeys.slice(0, 2),
    splitKeys.slice(2),
  ],
  splitKeys,
  open: openQuestions,
}

async function openQuestions({config, data: {tokenizer}, warn}: TaskOpening): Promise<Task<QuestionItem>> {
  const {questions: file, questionField, answerField, onBadRow, verifier} = config.data
  const badRows = new BadRows(onBadRow)
  const rows = await readQuestions(file!, {question: questionField, answer: answerField}, badRows, truthOf)
  if (badRows.warning !== null) warn?.(badRows.warning)
  if (rows.duplicateCount > 0)
    warn?.(`${file}: ${rows.duplicateCount} rows repeat a question and its answer; each counts once`)
  const items: Readonly<Record<Partition, readonly QuestionItem[]>> = splitQuestions(rows.questions, config.data)
  const settings = questionPromptSettings(config)
  const gradeBox = boxGrader(tokenizer, settings)
  const promptOf = ({id, question}: QuestionItem, room: number): Prompt =>
    questionPrompt(tokenizer, settings, {key: keyOf({id}), text: question}, room)
  const longestPrompt = (partition: Partition) =>
    Math.max(0, maxOf(items[partition].map((item) => promptOf(item, Number.POSITIVE_INFINITY).ids.length)))
  return {
    name: questions.name,
    size: {train: items.train.length, val: items.val.length},
    noun: questions.noun,
    orderName: 'questions',
    emptyNotes: {
      train: `${file} leaves no questions to train on; lower data.valFraction or data.valDocuments`,
      val: `${file} holds out no questions to evaluate on; raise data.valFraction or data.valDocuments`,
    },
    strata: [onlyStratum],
    splits: [{name: onlyStratum, strata: [onlyStratum]}],
    promptSettings: settings,
    gradeSettings: {'data.verifier': verifier},
    traitsAt: (index) => ({key: keyOf(items.train[index]), stratum: onlyStratum, entropy: null}),
    itemAt: (partition, index) => items[partition][index],
    keyOf,
    factsOf: ({id, truth}) => ({
      task: questions.name,
      truth: Buffer.from(truth),
      boundaries: new Int32Array(),
      stratum: onlyStratum,
      cluster: id,
    }),
    promptOf,
    grade: ({truth}, completion) => gradeBox(completion, (boxed) => verifiers[verifier](boxed, truth)),
    longestPrompt,
  }
}

function keyOf({id}: Pick<QuestionItem, 'id'>) {
  return {source: id, index: 0}
}
