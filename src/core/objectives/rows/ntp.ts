import type {ObjectiveKind} from '../objective.js'
import {documentRows, rowIdentity, rowWork, startRows} from './rows.js'

/** Next-token prediction on the training documents (RPT, Eq. 1): the continual pre-training baseline. */
export const ntp: ObjectiveKind = {
  teaches: 'tokens',
  lossName: () => 'cross-entropy, nats',
  task: null,
  needs: () => ['data.dir'],
  files: () => ({}),
  batch: rowIdentity,
  leaves: [],
  trainedPrompt: () => 'none',
  async open({config, model, data, warn}) {
    const documents = data && documentRows(config, model, data, warn)
    return {
      cutDocuments: documents?.cut,
      work: (settings) => rowWork(settings, model, documents?.longest ?? Number.POSITIVE_INFINITY),
      start: async (training) => startRows(training, documents!.rowAt),
    }
  },
}
