import {describe, expect, it} from 'vitest'
import {isConversation, messagesOf} from '../../../../src/core/corpus/readers/messages.js'
import {RowFault} from '../../../../src/core/corpus/readers/row-fault.js'

describe('a list is meant as messages', () => {
  it.each([
    [true, [{role: 'user'}]],
    [true, [{from: 'human', value: 'q'}]],
    [false, [{from: 'Bern'}]],
    [false, [{text: 'a'}, {role: 'user'}]],
    [false, ['role']],
    [false, []],
    [false, {role: 'user'}],
  ])('%s: %j', (isMeant, value) => {
    expect(isConversation(value)).toBe(isMeant)
  })
})

describe('messages', () => {
  const calls = [{function: {name: 'add'}}]

  it('may have no content where they call tools', () => {
    for (const content of [null, undefined])
      expect(messagesOf([{role: 'assistant', content, tool_calls: calls}], 'a:1')).toEqual([
        {role: 'assistant', content: null, tool_calls: calls},
      ])
  })

  it('may have content in parts, of texts and of records of texts, which are joined without anything between', () => {
    const content = ['a', {type: 'text', text: ' b'}]
    expect(messagesOf([{role: 'user', content}], 'a:1')).toEqual([{role: 'user', content: 'a b'}])
  })

  it('may be empty texts', () => {
    expect(messagesOf([{role: 'user', content: ''}], 'a:1')).toEqual([{role: 'user', content: ''}])
  })

  it.each<[string, object, RegExp]>([
    ['no content', {role: 'user', content: null}, /^a:1: message 1 \(user\) has no content; expected a text$/],
    ['an empty list of calls', {role: 'user', content: null, tool_calls: []}, /message 1 \(user\) has no content/],
    ['an empty role', {role: '', content: 'a'}, /message 1 has no role/],
    ['an image with a caption', {role: 'user', content: [{type: 'image', text: 'a'}]}, /part 1 is of type "image"/],
    ['a part without a type', {role: 'user', content: ['a', {text: 'b'}]}, /part 2 is of type none/],
  ])('are refused with %s', (_, message, expected) => {
    expect(() => messagesOf([message], 'a:1')).toThrow(RowFault)
    expect(() => messagesOf([message], 'a:1')).toThrow(expected)
  })
})
