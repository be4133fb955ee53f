import type {CudaMajor} from '../config/names.js'
import type {Connection} from '../net/request.js'
import type {Archive} from './archive.js'
import type {Environment} from './library-search.js'
import {findPackage, openIndex, type Patience, type ProviderPackage} from './provider-package.js'
import {findRelease, openReleases} from './provider-release.js'
import {Tarball} from './tarball.js'
import {Wheel} from './wheel.js'

/** A build of the provider: who publishes it, and what its package looks like. */
export interface ProviderBuild {
  connect(env: Environment, patience?: Patience): Connection
  /** The package of a version of onnxruntime. */
  find(connection: Connection, version: string): Promise<ProviderPackage>
  open(path: string): Promise<Archive>
  /** Folder of all libraries in the package, as a pattern. */
  readonly libraries: string
}

/** The builds, by the version of CUDA that they need. */
export const providerBuilds: Readonly<Record<CudaMajor, ProviderBuild>> = {
  '13': {connect: openIndex, find: findPackage, open: Wheel.open, libraries: 'onnxruntime/capi'},
  '12': {
    connect: openReleases,
    find: findRelease,
    open: async (path) => new Tarball(path),
    libraries: '(?:\\./)?onnxruntime-[^/]+/lib',
  },
}
