import type {Config} from '../config/schema.js'
import {DataError} from '../util/errors.js'
import type {PreparedData} from './prepared.js'

/** @throws {DataError} when the training partition has nothing for the objective */
export function checkTrainable({train, sft}: Config, {folder, trainPositions, documents}: PreparedData): void {
  if (train.objective === 'rpt') {
    if (trainPositions.length > 0) return
    throw new DataError(`${folder} has no training positions; prepare it with a proxy and a lower threshold`)
  }
  const takesDocuments = train.objective === 'ntp' || sft.documentShare > 0
  if (takesDocuments && documents.in('train').length === 0) throw new DataError(`${folder} has no training documents`)
}

/** @throws {DataError} when there is nothing to evaluate on: said before a run is trained that ends in it */
export function checkHeldOut({folder, heldOutPositions}: PreparedData): void {
  if (heldOutPositions.length > 0) return
  throw new DataError(`${folder} has no held-out positions; lower data.thresholds or hold out more documents`)
}
