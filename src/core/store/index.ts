export {checkPermission, checkWritable} from './check-writable.js'
export {replaceFile, replaceText, writeFully} from './durable.js'
export {fillOutput, restoreFolder} from './fill-folder.js'
export {canonicalJson, type Fingerprint, fingerprintOf, hashFile, hashJson, listFiles} from './fingerprint.js'
export {
  type Manifest,
  type ManifestFields,
  manifestName,
  readManifest,
  type Verdict,
  verifyFolder,
  writeFolder,
} from './folder.js'
export {type ForeignValue, readForeignRows} from './foreign-table.js'
export {type ForeignWeights, foreignWeights} from './foreign-weights.js'
export {removeOwn} from './layout.js'
export {ListColumn} from './list-column.js'
export {type Lock, lockFolder, lockName} from './lock.js'
export {makeFolder} from './make-folder.js'
export type {WrittenDtype} from './narrow.js'
export {checkOutput, checkReplaceable, type OutputState, outputState, refuseForeign} from './output.js'
export {checkOutputFile} from './output-file.js'
export {type OutputKind, outputKinds} from './output-kinds.js'
export {readJsonOf, readTextOf} from './own-json.js'
export {packageVersion} from './package-version.js'
export {type Piece, readSafetensors, SafetensorsFile, type Tensor} from './safetensors-file.js'
export {shown, type TensorEntry} from './safetensors-header.js'
export {type FloatValues, type WeightFormat, writeSafetensors, writeWeights} from './safetensors-write.js'
export * from './schemas.js'
export {guardRead, guardWrite} from './storage-error.js'
export {nullsOf, pickColumns, type Row, type Table} from './table.js'
export {countRows, readRows, readTable, writeTable} from './table-file.js'
export {openStream, type TableStream} from './table-stream.js'
export {sweepTemporary} from './temporary.js'
export {WeightFiles} from './weight-files.js'
