import {parsePythonJson, withUnseenNamed} from '../../util/json-text.js'
import {RowFault} from './row-fault.js'

/**
 * The value of a line of JSON; `NaN` and `Infinity`, which Python writes, are null.
 *
 * @param where the file and row, for the message
 * @throws {RowFault} when it is not JSON
 */
export function parseRow(line: string, where: string): unknown {
  try {
    return parsePythonJson(line)
  } catch (cause) {
    throw new RowFault('not-json', `${where} is not JSON: ${withUnseenNamed((cause as Error).message)}`, {cause})
  }
}
