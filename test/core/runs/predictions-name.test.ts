import {describe, expect, it} from 'vitest'
import {predictionsName} from '../../../src/core/runs/predictions-name.js'

describe('the name of a table of predictions', () => {
  it.each(['rpt', 'n'.repeat(212), 'Läufe 漢字'])('has the name of its run, %s', (run) => {
    expect(predictionsName(run, 2)).toBe(`${run}-step-000002.arrow`)
  })

  it.each(['n'.repeat(213), '漢'.repeat(85), '🚀'.repeat(63)])('fits a file system for the run %s', (run) => {
    const [name, other] = [predictionsName(run, 2), predictionsName(`${run.slice(0, -2)}xy`, 2)]
    expect(name).toMatch(/^(?:n+|漢+|(?:🚀)+)-[0-9a-f]{8}-step-000002\.arrow$/u)
    expect(Buffer.byteLength(`${name}.rpt-tmp-4194304-89abcdef`)).toBeLessThanOrEqual(255)
    expect(other).not.toBe(name)
  })
})
