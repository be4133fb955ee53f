import type {Config} from '../../config/schema.js'
import type {JointRows} from '../../engine/update/policy-request.js'
import {type RowSource, shortestFirst} from '../rows/rows.js'

/** The rows that an update takes beside its groups; undefined where the loss is that of the groups alone. */
export type JointRowSource = (update: number) => JointRows | undefined

/**
 * Next-token prediction joined to the policy's loss: loss + ntpCoef * mean -log P(x_t | x_<t) over `train.batchRows` training
 * documents, in the order in which objective `ntp` visits them. Source: RMT (arXiv 2509.24375), whose weight is 0.1; its rows
 * are all tokens that were not chosen for reasoning, these are whole documents.
 */
export function jointRows({grpo, train}: Config, rowAt: RowSource | null): JointRowSource {
  const weight = grpo.ntpCoef
  if (weight === 0 || !rowAt) return () => undefined
  return (update) => {
    const rows = Array.from({length: train.batchRows}, (_, i) => rowAt(update * train.batchRows + i))
    return {rows: shortestFirst(rows), rowsPerMicroBatch: train.rowsPerMicroBatch, weight}
  }
}
