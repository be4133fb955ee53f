import {BaseCommand, configFlags, directoryFlags} from '../base-command.js'

/** `rpt prepare-data`: documents -> tables of documents and positions. */
export default class PrepareData extends BaseCommand {
  static override summary = 'score every position of a corpus and keep the hard ones'
  static override description =
    'Tokenises the documents, holds some out, measures how uncertain a proxy model is about each next token (entropy over the 16 most probable tokens), and writes documents.arrow, positions.arrow and manifest.json.'
  static override examples = [
    '<%= config.bin %> prepare-data --config experiments/tiny/prepare.yaml',
    '<%= config.bin %> prepare-data --documents corpus.jsonl --proxy ./base --out runs/data --limit 1000',
    '<%= config.bin %> prepare-data --documents corpus.jsonl --tokenizer ./base --documents-only --out runs/data',
  ]
  static override flags = {
    ...configFlags('prepare-data', [
      'documents',
      'tokenizer',
      'proxy',
      'difficulty-model',
      'limit',
      'val-documents',
      'select',
      'documents-only',
    ]),
    ...directoryFlags,
  }
  static override needs = ['data.documents', 'out']

  /** Prepares the data and prints what was kept. */
  run(): Promise<object> {
    return this.perform(async ({config, services}) => {
      const {prepareData} = await import('../core/preparation/prepare-data.js')
      return prepareData(config, services)
    })
  }
}
