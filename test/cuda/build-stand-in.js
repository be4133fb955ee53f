import {execFileSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'

/**
 * Builds the stand-in for CUDA's libraries: what stand-in.c has, and for every other function that the provider needs one
 * that returns 0. Needs `cc` and `nm`.
 */

const source = fileURLToPath(new URL('stand-in.c', import.meta.url))

/** The libraries, by the part of stand-in.c that they are made of. */
const libraries = {
  cudart: 'libcudart.so.13',
  cublas: 'libcublas.so.13',
  cublasLt: 'libcublasLt.so.13',
  cudnn: 'libcudnn.so.9',
  curand: 'libcurand.so.10',
  driver: 'libcuda.so.1',
}

/**
 * @param {string} provider path of libonnxruntime_providers_cuda.so
 * @param {string} out folder for the libraries
 */
export function buildStandIn(provider, out) {
  mkdirSync(out, {recursive: true})
  const work = mkdtempSync(join(tmpdir(), 'rpt-stand-in-'))
  try {
    for (const [part, library] of Object.entries(libraries)) {
      const own = functionsOf(part)
      const others = neededOf(provider, part, library).filter((name) => !own.has(name))
      const generated = join(work, `${part}.c`)
      writeFileSync(
        generated,
        `#include "${source}"\n${others.map((name) => `int ${name}() { return 0; }\n`).join('')}`,
      )
      const versions = join(work, `${part}.map`)
      writeFileSync(versions, `${library} { global: *; };\n`)
      const named = [`-Wl,-soname,${library}`, ...(isVersioned(part) ? [`-Wl,--version-script=${versions}`] : [])]
      execFileSync('cc', [
        '-O1',
        '-w',
        '-shared',
        '-fPIC',
        `-DIN_${part}`,
        ...named,
        '-o',
        join(out, library),
        generated,
      ])
    }
  } finally {
    rmSync(work, {recursive: true, force: true})
  }
}

/** The symbols of CUDA's own libraries carry the library's name as their version. */
function isVersioned(part) {
  return ['cudart', 'cublas', 'cublasLt'].includes(part)
}

/** Functions that stand-in.c defines in its part for a library. */
function functionsOf(part) {
  const [, text = ''] = new RegExp(`#(?:el)?if(?:def| defined) IN_${part}\\n(.*?)\\n#(?:elif|endif)`, 's').exec(
    readFileSync(source, 'utf8'),
  ) ?? ['']
  return new Set([...text.matchAll(/^(?!static)[\w *]+?\b(\w+)\(/gm)].map(([, name]) => name))
}

/** Functions that the provider is linked with, or looks up by name. */
function neededOf(provider, part, library) {
  if (part === 'driver') return ['cuTensorMapEncodeTiled']
  if (part === 'cudnn') return namesIn(provider, /\bcudnn[A-Z]\w*/g)
  const symbols = execFileSync('nm', ['-D', '--with-symbol-versions', provider], {encoding: 'utf8', maxBuffer: 2 ** 28})
  return [...symbols.matchAll(/ U (\w+)@(\S+)/g)].flatMap(([, name, version]) => (version === library ? [name] : []))
}

/** Names that stand as text in a library. */
function namesIn(file, pattern) {
  const text = readFileSync(file, 'latin1')
  return [...new Set(text.match(new RegExp(`(?<=\\0)${pattern.source}(?=\\0)`, 'g')))]
}
