import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

/** Gives all tests of a run one folder for what they write, and removes it: single tests may leave theirs there. */
export default function setUp(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'rpt-tests-'))
  process.env.TMPDIR = folder
  return () => rmSync(folder, {recursive: true, force: true})
}
