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
    .describe(
      "auto: put the prompt into the checkpoint's chat template as a user message, if there is a template; none: use no chat template",
    ),
  chatTemplateFile: path.optional().describe("Jinja file to use instead of the checkpoint's chat template"),
  questionTemplate: z
    .string()
    .default('boxed')
    .describe("name of a built-in template for questions, or text with '{context}'"),
  choices: z
    .enum(choiceFormNames)
    .default('lettered')
    .describe(
      'lettered: list the options of a question and ask for a letter; cloze: do not show them and ask for the text of one',
    ),
  choiceTemplate: z
    .string()
    .default('{context}\nAnswer:')
    .describe("text with '{context}' before each option, in mode standard"),
  maxTokens: positive.default(4096).describe('longest prompt; a longer one loses context from the left'),
})
