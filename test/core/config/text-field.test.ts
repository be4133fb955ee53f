import {describe, expect, it} from 'vitest'
import {configJsonSchema, findKey} from '../../../src/core/config/keys.js'
import {loadConfig} from '../../../src/core/config/load.js'

const set = (...sets: string[]) => loadConfig({sets, cwd: '/'}).config.data

describe('data.textField', () => {
  it('is one field, or several that are joined', () => {
    expect(set().textField).toBe('text')
    expect(set('data.textField=body').textField).toBe('body')
    expect(set('data.textField=[problem, solution]').textField).toEqual(['problem', 'solution'])
    expect(set('data.textField=problem,solution').textField).toEqual(['problem', 'solution'])
  })

  it('of one entry is the same as that entry, so that neither makes prepared data another', () => {
    expect(set('data.textField=[body]').textField).toBe('body')
  })

  it.each([
    ['data.textField=', /has no value/],
    ['data.textField=[]', /needs at least 1 entry/],
    ['data.textField=[1]', /data\.textField.* needs/],
  ])('%s is refused', (argument, message) => {
    expect(() => set(argument)).toThrow(message)
  })

  it('is a list of texts to the command line and one or the other to an editor', () => {
    expect(findKey('data.textField')).toMatchObject({type: 'array', itemType: 'string', defaultValue: 'text'})
    expect(JSON.stringify(configJsonSchema())).toContain(
      '"anyOf":[{"type":"string","minLength":1},{"minItems":1,"type":"array"',
    )
  })
})
