export {checkWritable} from './check-writable.js'
export {replaceFile, replaceText, writeFully} from './durable.js'
export {canonicalJson, type Fingerprint, fingerprintOf, hashFile, hashJson, listFiles} from './fingerprint.js'
export {type Manifest, type ManifestFields, type Verdict, verifyFolder, writeFolder} from './folder.js'
export {type Lock, lockFolder} from './lock.js'
export {makeFolder} from './make-folder.js'
export {packageVersion} from './package-version.js'
export {
  type FloatTensor,
  findNonFinite,
  readSafetensors,
  readWeights,
  type Tensor,
  writeSafetensors,
} from './safetensors.js'
export * from './schemas.js'
export {guardRead, guardWrite} from './storage-error.js'
export {nullsOf, type Row, type Table} from './table.js'
export {readRows, readTable, writeTable} from './table-file.js'
export {openStream, type TableStream} from './table-stream.js'
export {sweepTemporary} from './temporary.js'
