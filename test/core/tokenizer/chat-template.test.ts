import {mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {type ChatTemplate, renderChat, renderChats} from '../../../src/core/tokenizer/chat-template.js'
import {renderingLimits} from '../../../src/core/tokenizer/render-jinja.js'
import {loadTokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {DataError, ExitCode} from '../../../src/core/util/errors.js'
import {byteLevel, byteLevelConfig, writeTokenizer} from './sample-tokenizers.js'

const template = (source: string): ChatTemplate => ({file: 'x.jinja', source, tokens: {bos_token: '<bos>'}})
const render = (source: string, before = 'ask: ', after = ' ?') => renderChat(template(source), {before, after})
const failureOf = (source: string) => {
  try {
    return render(source)
  } catch (error) {
    return error as DataError
  }
}

describe('a chat template', () => {
  it('is rendered with one message of a user, the turn of the model begun, around the context', () => {
    const source =
      "{{ bos_token }}{% for m in messages %}<{{ m['role'] }}>{{ m.content }}</{{ m.role }}>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}{{ tools is none }}{{ eos_token }}"
    expect(render(source)).toEqual({before: '<bos><user>ask: ', after: ' ?</user><assistant>true'})
  })

  it('may trim the instruction', () => {
    expect(render('[{{ messages[0].content | trim }}]', '\n ask: ', ' ?\n')).toEqual({before: '[ask: ', after: ' ?]'})
    expect(render('[{{ messages[0].content.strip() }}]', '', '')).toEqual({before: '[', after: ']'})
  })

  // As Python strips; the library's own methods take no characters.
  it.each([
    ["lstrip('\\n')", '  x \n'],
    ["rstrip(' \\n')", '\n  x'],
    ["strip('\\nx ')", ''],
    ['strip()', 'x'],
    ["strip('é\u{1f600}')", '\n  x \n'],
  ])('strips the characters that are given: %s', (call, stripped) => {
    const chat = template(`{{ messages[0].content.${call} }}`)
    const [rendering] = renderChats(chat, [{messages: [{role: 'user', content: '\n  x \n'}], isPrompt: false}])
    expect(rendering).toEqual({kind: 'rendered', text: stripped})
  })

  it('sees no clock, and falls back to a date of its own', () => {
    const dated =
      '{% if strftime_now is defined %}{{ strftime_now("%d") }}{% else %}2024{% endif %}{{ messages[0].content }}'
    expect(render(dated).before).toBe('2024ask: ')
    const failure = failureOf('{{ strftime_now("%d") }}{{ messages[0].content }}')
    expect(failure).toBeInstanceOf(DataError)
    expect((failure as DataError).suggestions[0]).toMatch(/write a date in place of strftime_now\(/)
  })

  it.each([
    ['drops it', '<assistant>', /drops, changes or escapes/],
    ['changes the case', '{{ messages[0].content | upper }}', /drops, changes or escapes/],
    ['escapes it', '{{ messages[0].content | tojson }}', /drops, changes or escapes/],
    ['joins its lines', "{{ messages[0].content.replace('\\n', ' ') }}", /drops, changes or escapes/],
    ['joins its words', "{{ messages[0].content.split() | join(' ') }}", /drops, changes or escapes/],
    ['changes the instruction', "{{ messages[0].content.replace('ask', 'tell') }}", /drops, changes or escapes/],
    ['cuts the end', '{{ messages[0].content[:-1] }}', /drops, changes or escapes/],
    ['repeats it', '{{ messages[0].content }}{{ messages[0].content }}', /writes the message of the user 2 times/],
    ['refuses it', "{{ raise_exception('system\\n first') }}", /cannot be used: system first/],
    ['is no Jinja', '{% for %}', /x\.jinja: the chat template cannot be used/],
    ['asks for code', '{{ messages.constructor.constructor("return 1")() }}', /cannot be used/],
  ])('that %s is refused in one line', (_, source, message) => {
    const failure = failureOf(source) as DataError
    expect(failure).toBeInstanceOf(DataError)
    expect(failure.exitCode).toBe(ExitCode.data)
    expect(failure.message).toMatch(message)
    expect(failure.message).not.toContain('\n')
    expect(failure.suggestions.join()).toContain('prompt.chatTemplate')
  })

  it.each([
    ['counts for ever', '{% for i in range(1000000) %}{% for j in range(1000000) %}{% endfor %}{% endfor %}'],
    ['counts too far', '{% for i in range(10**12) %}{% endfor %}'],
    [
      'wants more memory at once than there is',
      '{% set n = namespace(s="aaaa") %}{% for i in range(26) %}{% set n.s = n.s + n.s %}{% endfor %}{{ n.s | upper }}',
    ],
  ])('that %s is ended', (_, source) => {
    const {message} = failureOf(source) as DataError
    expect(message).toMatch(/it did not end within 5 s and 64 MiB of memory$/)
  })

  it('that writes a book is refused', () => {
    const line = `${'x'.repeat(1000)}{% for i in range(1001) %}${'y'.repeat(1000)}{% endfor %}`
    expect((failureOf(line) as DataError).message).toMatch(`more than ${renderingLimits.characters} characters`)
  })
})

describe('the chat template of a checkpoint', () => {
  const folderWith = (config: object, files: Record<string, string> = {}) => {
    const folder = writeTokenizer(byteLevel(), {...byteLevelConfig, ...config})
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    return folder
  }
  const sourceOf = async (folder: string) => (await loadTokenizer(folder)).chatTemplate?.source

  it('is in tokenizer_config.json, alone or by the name default', async () => {
    expect(await sourceOf(folderWith({}))).toBeUndefined()
    expect(await sourceOf(folderWith({chat_template: null}))).toBeUndefined()
    expect(await sourceOf(folderWith({chat_template: 'one'}))).toBe('one')
    const named = [
      {name: 'tool_use', template: 'two'},
      {name: 'default', template: 'one'},
    ]
    expect(await sourceOf(folderWith({chat_template: named}))).toBe('one')
    expect(await sourceOf(folderWith({chat_template: named.slice(0, 1)}))).toBe('two')
  })

  it('is read from a file of its own first', async () => {
    const json = {'chat_template.json': '{"chat_template": "json"}'}
    expect(await sourceOf(folderWith({chat_template: 'config'}, json))).toBe('json')
    expect(await sourceOf(folderWith({}, {...json, 'chat_template.jinja': 'jinja'}))).toBe('jinja')
  })

  it('knows the special tokens, as texts or as objects, from either file', async () => {
    const tokenizer = await loadTokenizer(
      folderWith({eos_token: {content: '<eos>'}, pad_token: null}, {'special_tokens_map.json': '{"unk_token": "<u>"}'}),
    )
    expect(tokenizer.tokenTexts).toEqual({bos_token: '<bos>', eos_token: '<eos>', unk_token: '<u>'})
  })

  it.each<[string, object, Record<string, string>, RegExp]>([
    [
      'several without a default',
      {chat_template: ['a', 'b'].map((name) => ({name, template: ''}))},
      {},
      /"a", "b"; expected one named "default"/,
    ],
    ['none in the list', {chat_template: []}, {}, /no templates/],
    ['a number', {chat_template: 3}, {}, /tokenizer_config\.json: chat_template/],
    ['no template in its file', {}, {'chat_template.json': '{}'}, /chat_template\.json: chat_template/],
    [
      'a key twice',
      {},
      {'chat_template.json': '{"chat_template": "a", "chat_template": "b"}'},
      /has the key "chat_template" twice/,
    ],
  ])('is refused with its file: %s', async (_, config, files, message) => {
    const failure = await loadTokenizer(folderWith(config, files)).catch((error) => error)
    expect(failure).toBeInstanceOf(DataError)
    expect(failure.message).toMatch(message)
  })

  it('is refused where it is no file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rpt-chat-'))
    await expect(loadTokenizer(folder)).rejects.toThrow(/tokenizer\.json does not exist/)
  })
})
