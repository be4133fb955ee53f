import type {UpdateModeName} from '../../config/names.js'
import {openSegmented} from './segmented.js'
import type {OpenUpdate} from './update-mode.js'
import {openWhole} from './whole.js'

/** Ways to compute an update. */
export const updateModes: Readonly<Record<UpdateModeName, OpenUpdate>> = {
  whole: openWhole,
  segmented: (tools) => openSegmented(tools),
}
