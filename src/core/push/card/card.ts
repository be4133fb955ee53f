import type {BaseModel} from '../base-model.js'
import type {TrainedRun} from '../trained-run.js'
import {plainText} from './markdown.js'
import {type CardMetadata, frontMatter, metadataOf} from './metadata.js'
import {datasetsOf, type PreparedFacts} from './prepared-data.js'
import {type CardResults, resultSection} from './results.js'
import {introduction, trainingSection} from './training.js'
import {type CardPrompt, usageSection} from './usage.js'

/** By which a card is known that may be replaced. */
export const cardMark = '<!-- Written by rpt push -->'

/** What a card tells besides what the run says. */
export interface CardFacts {
  /** `owner/name`. */
  readonly repository: string
  readonly base: BaseModel | null
  /** Null where the run has no prepared data, or they are gone. */
  readonly prepared: PreparedFacts | null
  readonly results: CardResults | null
  readonly prompt: CardPrompt | null
}

const paper = '[Reinforcement Pre-Training](https://arxiv.org/abs/2506.08007) (Dong et al., 2025)'

/**
 * The model card of a checkpoint, in Markdown. It has no path of this machine.
 *
 * @param kept fields of the card that it replaces
 */
export function modelCard(run: TrainedRun, facts: CardFacts, kept: CardMetadata = {}): string {
  const {repository, base, prepared, results, prompt} = facts
  const sections = [
    cardMark,
    `# ${plainText(repository.split('/')[1])}`,
    introduction(run, base),
    resultSection(results),
    usageSection(repository, run, base, prompt),
    trainingSection(run, base, prepared),
    `Method: ${paper}.`,
  ]
  return `${frontMatter(metadataOf(run, base, datasetsOf(run, prepared), kept))}\n${sections.join('\n\n')}\n`
}
