import {readdirSync, readFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {describe, expect, it} from 'vitest'
import {parseAst} from 'vitest/node'

/**
 * Every argument of a call lies on the stack: `f(...values)` of some 120,000 values ends in 'Maximum call stack size
 * exceeded'. So nothing that grows with data is spread into a call; `maxOf`, `minOf`, `joinIds` and loops are there instead.
 */

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** File and function called: why what is spread there stays small. */
const bounded: Readonly<Record<string, string>> = {
  'src/commands/report.ts writeReport': 'two arguments',
  'src/commands/report.ts openReport': 'two arguments',
  'src/core/engine/worker.ts call.apply': 'arguments of a method of the engine',
  'src/core/hub/cache-layout.ts join': 'folders of one path',
  'src/core/onnx/execution-order.ts stack.push': 'inputs of one node',
  'src/core/samplers/local.ts streamSeed': 'parts of one name',
  'src/core/tables/foreign-table.ts data.values.subarray': 'the two ends of one value',
  'src/core/tables/schemas.ts oneOf': 'outcomes',
  'src/core/sweep/evaluate-points.ts ledger.append': 'modes x splits of one checkpoint',
  'src/core/tokenizer/byte-pair-encoder.ts symbols.push': 'bytes of one character',
  'src/core/tokenizer/reference-splits.ts sequence': 'components of one tokenizer',
  'src/core/util/progress.ts inner.stage': 'parameters of one function',
  'experiments/model-sizes/table.ts rows.push': 'rows of one size',
  'experiments/tiny/grammar.ts usually': 'words of one list',
}

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value

function childrenOf(node: Node): Node[] {
  return Object.values(node).flatMap((value) => (Array.isArray(value) ? value : [value]).filter(isNode))
}

/** Names of rest parameters: handed on, they are no larger than the call that filled them. */
function restNames({params}: Node): string[] {
  const list = Array.isArray(params) ? params : []
  return list.filter(({type}) => type === 'RestElement').map(({argument}) => argument.name)
}

/** Functions that are called with a spread, or by `apply`, in a piece of TypeScript; `function:line`. */
function spreadsIn(text: string): {callee: string; line: number}[] {
  const found: {callee: string; line: number}[] = []
  const textOf = ({start, end}: Node) => text.slice(start, end).replaceAll(/\s+/g, ' ')
  const visit = (node: Node, rests: readonly string[]) => {
    const known = [...rests, ...restNames(node)]
    if (node.type === 'CallExpression' || node.type === 'NewExpression') {
      const [callee, given] = [node.callee as Node, node.arguments as readonly Node[]]
      const isSpread = given.some(
        ({type, argument}) => type === 'SpreadElement' && !known.includes(textOf(argument as Node)),
      )
      const isApplied = callee.type === 'MemberExpression' && textOf(callee.property as Node) === 'apply'
      if (isSpread || isApplied)
        found.push({callee: textOf(callee), line: text.slice(0, node.start).split('\n').length})
    }
    for (const child of childrenOf(node)) visit(child, known)
  }
  visit(parseAst(text, {lang: 'ts'}) as unknown as Node, [])
  return found
}

const inTemplate = ['`', '$', '{f(...values)}`'].join('')

describe('spreads into calls', () => {
  const found = ['src', 'bench', 'experiments'].flatMap((top) =>
    readdirSync(join(root, top), {recursive: true, encoding: 'utf8'})
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => {
        const file = `${top}/${name.replaceAll('\\', '/')}`
        return spreadsIn(readFileSync(join(root, file), 'utf8')).map(({callee, line}) => ({file, callee, line}))
      }),
  )

  it('are of few values: see `bounded`', () => {
    const unknown = found.filter(({file, callee}) => !(`${file} ${callee}` in bounded))
    expect(unknown.map(({file, callee, line}) => `${file}:${line} spreads into ${callee}()`)).toEqual([])
  })

  it('are all still there', () => {
    const names = found.map(({file, callee}) => `${file} ${callee}`)
    expect(Object.keys(bounded).filter((name) => !names.includes(name))).toEqual([])
  })

  it.each([
    ['rows.push(...many)', ['rows.push']],
    ['const most = Math.max(0, ...values.map((v: number) => v * 2))', ['Math.max']],
    ['String.fromCharCode(...bytes)', ['String.fromCharCode']],
    ['new Set(...values)', ['Set']],
    ['Math.max.apply(null, values)', ['Math.max.apply']],
    [inTemplate, ['f']],
    ['const g = async () => ledger.append(...(await rows()))', ['ledger.append']],
    ['const all = [...many, ...more]; const copy = {...all}', []],
    ['const log = (...words: string[]) => write(...words)', []],
    ['function tell(first: number, ...rest: unknown[]) { return () => call(first, ...rest) }', []],
  ])('are found: %s', (text, callees) => {
    expect(spreadsIn(text).map(({callee}) => callee)).toEqual(callees)
  })
})
