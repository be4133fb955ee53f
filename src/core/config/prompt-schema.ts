import {z} from 'zod'
import {choiceFormNames} from './names.js'
import {path, positive} from './value-kinds.js'

/** The keys of `prompt`. */
export const prompt = z.strictObject({
  template: z
    .string()
    .default('auto')
    .describe(
      "name of a built-in template, or text with '{context}'; auto: v0 for models that were trained to think, opened for others",
    ),
  templateFile: path.optional().describe("file with '{context}' to use instead of prompt.template"),
  chatTemplate: z
    .enum(['auto', 'none'])
    .default('auto')
    .describe("auto: the prompt is a user's message in the checkpoint's chat template, if it has one; none: it is not"),
  chatTemplateFile: path.optional().describe("Jinja file to use instead of the checkpoint's chat template"),
  questionTemplate: z
    .string()
    .default('boxed')
    .describe("name of a built-in template for questions, or text with '{context}'"),
  choices: z
    .enum(choiceFormNames)
    .default('lettered')
    .describe('options of a question: lettered, answered by the letter; cloze, not shown and answered by the text'),
  choiceTemplate: z
    .string()
    .default('{context}\nAnswer:')
    .describe("what the options' probabilities are asked after, in mode standard: text with '{context}'"),
  maxTokens: positive.default(4096).describe('longest prompt; the context loses tokens from the left'),
})
