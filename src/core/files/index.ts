export {checkPermission, checkWritable} from './check-writable.js'
export {replaceFile, replaceText, writeFully} from './durable.js'
export {fillOutput, restoreFolder} from './fill-folder.js'
export {canonicalJson, type Fingerprint, fingerprintOf, hashFile, hashJson, listFiles} from './fingerprint.js'
export {
  type Manifest,
  type ManifestFields,
  manifestName,
  otherHash,
  readManifest,
  removeFolder,
  type Verdict,
  verifyFolder,
  writeFolder,
} from './folder.js'
export {removeOwn, sweepOwn} from './layout.js'
export {type Lock, lockFolder, lockName, refuseLocked} from './lock.js'
export {readLockFile, removeLockFile} from './lock-file.js'
export {makeFolder} from './make-folder.js'
export {checkOutput, checkReplaceable, type OutputState, outputState, refuseEntangled, refuseForeign} from './output.js'
export {checkOutputFile} from './output-file.js'
export {type OutputKind, outputKinds} from './output-kinds.js'
export {readJsonOf, readTextOf} from './own-json.js'
export {packageVersion} from './package-version.js'
export {guardRead, guardWrite, storageFailure} from './storage-error.js'
export {longestSuffix, sweepTemporary, temporaryName} from './temporary.js'
