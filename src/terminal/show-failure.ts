import {createColors} from './colors.js'
import {type Failure, renderFailure} from './failure.js'

/** Shows a failure where its reader looks: `{error: ...}` as one JSON document on stdout, or words on stderr. */
export function showFailure(failure: Failure, isJson: boolean): void {
  if (isJson) process.stdout.write(`${JSON.stringify({error: failure}, null, 2)}\n`)
  else process.stderr.write(`${renderFailure(failure, createColors(process.env, 'stderr'))}\n`)
}
