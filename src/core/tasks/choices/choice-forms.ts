import type {ChoiceFormName} from '../../config/names.js'
import type {ChoiceForm} from './choice-form.js'
import {cloze} from './cloze.js'
import {lettered} from './lettered.js'

/** How options may be put to a model. Adding one is one file, one row, and its name in config/names.ts. */
export const choiceForms: Readonly<Record<ChoiceFormName, ChoiceForm>> = {lettered, cloze}
