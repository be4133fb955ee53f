import type {Agreement} from './precision-work.js'

/** What was measured, by the name of the model. */
export type Agreements = Readonly<Record<string, Agreement>>

/** The table of docs/how-to/cuda.md. */
export function agreementTable(found: Agreements): string {
  const rows = Object.entries(found).map(([name, agreement]) => {
    const {tokens, largestDifference, meanDifference, languageModelCosine, policyCosine, largestMismatch} = agreement
    const small = (value: number) => value.toPrecision(2)
    const close = (value: number) => value.toFixed(6)
    const cells = [tokens, small(largestDifference), small(meanDifference), close(languageModelCosine)]
    return `| ${[name, ...cells, close(policyCosine), small(largestMismatch)].join(' | ')} |`
  })
  return [
    '| model | tokens | log-probability, largest difference | mean difference | cosine of the gradient, next-token prediction | GRPO | sampling against update |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}
