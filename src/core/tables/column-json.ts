import {type Column, refuse} from './column.js'
import {utf8} from './columns-variable.js'

const expected = 'a JSON object'

/** utf8 that holds a JSON object; other texts are refused when written and when read. */
export const jsonObject: Column<string> = {
  ...utf8,
  blank: '{}',
  encode(values, column) {
    for (const value of values) if (!isObject(value)) refuse(column, value, expected)
    return utf8.encode(values, column)
  },
  decode(data, column) {
    const valueAt = utf8.decode(data, column)
    return (row) => {
      const value = valueAt(row)
      return isObject(value) ? value : refuse(column, value, expected)
    }
  },
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}
