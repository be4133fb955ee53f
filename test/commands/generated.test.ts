import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {root, whyBuild} from '../../scripts/ensure-ready.js'
import {generatedFiles} from '../../scripts/generated-files.js'

it('manifest and reference are what the commands and the schema say; else run npm run generate', async () => {
  expect(whyBuild()).toBeUndefined()
  for (const [path, text] of Object.entries(await generatedFiles())) {
    expect(readFileSync(join(root, path), 'utf8'), path).toBe(text)
  }
})
