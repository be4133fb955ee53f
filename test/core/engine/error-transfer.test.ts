import {describe, expect, it} from 'vitest'
import {describeError, reviveError} from '../../../src/core/engine/error-transfer.js'
import {DataError} from '../../../src/core/util/errors.js'
import {describeFailure} from '../../../src/terminal/failure.js'

/** An error as it comes out of the engine's thread. */
const transferred = (error: unknown) => reviveError(structuredClone(describeError(error)))

describe('an error of the engine thread', () => {
  it('that was raised on purpose keeps its class and what to try', () => {
    const error = transferred(new DataError('no weights', {suggestions: ['give a checkpoint']}))
    expect(error).toBeInstanceOf(DataError)
    expect(error).toMatchObject({name: 'DataError', message: 'no weights', suggestions: ['give a checkpoint']})
  })

  it('that is a bug is told as one, with its stack', () => {
    const bug = new TypeError('x is undefined')
    const error = transferred(bug)
    expect(error).toMatchObject({name: 'TypeError', stack: bug.stack})
    expect(describeFailure(error, false)).toMatchObject({
      name: 'InternalError',
      message: 'internal: x is undefined',
      suggestions: [expect.stringContaining('please report it')],
    })
  })

  it('of the file system keeps its code, by which the remedy is found', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {code: 'ENOSPC'})
    expect(describeFailure(transferred(full), false)).toMatchObject({
      name: 'RuntimeFailure',
      suggestions: [expect.stringContaining('free some space')],
    })
  })

  it('may be no error at all', () => {
    expect(transferred('out of luck')).toMatchObject({name: 'Error', message: 'out of luck'})
  })
})
