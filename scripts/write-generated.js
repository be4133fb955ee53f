/** `npm run generate`: writes oclif.manifest.json and docs/reference from the built commands and the config schema. */
import {mkdirSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {root} from './ensure-ready.js'
import {generatedFiles} from './generated-files.js'

for (const [path, text] of Object.entries(await generatedFiles())) {
  mkdirSync(dirname(join(root, path)), {recursive: true})
  writeFileSync(join(root, path), text)
  console.log(`wrote ${path}`)
}
