import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {freemem, tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {availableMemory} from '../../../src/core/runtime/machine-memory.js'

const gib = 2 ** 30
let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rpt-machine-'))
})

afterEach(() => {
  rmSync(root, {recursive: true})
})

function write(files: Readonly<Record<string, string | number>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), {recursive: true})
    writeFileSync(join(root, path), `${text}\n`)
  }
}

const meminfo = `MemTotal: ${32 * 2 ** 20} kB\nMemFree: 1 kB\nMemAvailable: ${16 * 2 ** 20} kB`

describe('availableMemory', () => {
  it('is what the system can free, and what the process holds', () => {
    write({'proc/meminfo': meminfo})
    expect(availableMemory(root, gib)).toBe(17 * gib)
  })

  it('is bounded by the control group, whose file cache can be freed', () => {
    write({
      'proc/meminfo': meminfo,
      'proc/self/cgroup': '0::/',
      'sys/fs/cgroup/memory.max': 8 * gib,
      'sys/fs/cgroup/memory.current': 6 * gib,
      'sys/fs/cgroup/memory.stat': `active_file 5\ninactive_file ${2 * gib}`,
    })
    expect(availableMemory(root, 0)).toBe(4 * gib)
  })

  it('takes the tightest of the groups around the process', () => {
    write({
      'proc/meminfo': meminfo,
      'proc/self/cgroup': '0::/user/job',
      'sys/fs/cgroup/user/memory.max': 3 * gib,
      'sys/fs/cgroup/user/memory.current': gib,
      'sys/fs/cgroup/user/job/memory.max': 'max',
      'sys/fs/cgroup/user/job/memory.current': gib,
    })
    expect(availableMemory(root, 0)).toBe(2 * gib)
  })

  it('reads the older interface, where no limit is a very large number', () => {
    const files = {
      'proc/meminfo': meminfo,
      'proc/self/cgroup': '9:name=systemd:/\n4:memory:/job\n0::/',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
    }
    write(files)
    expect(availableMemory(root, 0)).toBe(16 * gib)
    write({
      'sys/fs/cgroup/memory/job/memory.limit_in_bytes': 5 * gib,
      'sys/fs/cgroup/memory/job/memory.usage_in_bytes': gib,
    })
    expect(availableMemory(root, 0)).toBe(4 * gib)
  })

  it('falls back on free memory where there is no such file', () => {
    expect(Math.abs(availableMemory(root, 0) - freemem())).toBeLessThan(gib)
  })
})
