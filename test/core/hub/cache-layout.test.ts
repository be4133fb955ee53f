import {mkdirSync, readdirSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {writeNote} from '../../../src/core/hub/cache-layout.js'
import {useFolder} from '../files/samples.js'

const at = useFolder()

it('what is written beside a file bears a name that no process of another machine uses', async () => {
  mkdirSync(join(at('main'), 'taken'), {recursive: true})
  await expect(writeNote(at('main'), 'commit')).rejects.toThrow(/the file system refused/)
  expect(readdirSync(at())).toEqual(['main', expect.stringMatching(/^main\.\d+\.rpt-tmp-\d+-[0-9a-f]{8}$/)])
})
