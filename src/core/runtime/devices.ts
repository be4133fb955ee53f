import type {Config} from '../config/schema.js'
import {cpu} from './devices/cpu.js'
import {cuda} from './devices/cuda.js'
import type {DeviceKind} from './devices/device-kind.js'
import {webgpu} from './devices/webgpu.js'

/** What the user may ask to compute on. */
export type Device = Config['device']

/** What each device setting stands for; `auto` is the CPU, the one place where runs repeat bit for bit. */
export const devices: Readonly<Record<Device, DeviceKind>> = {auto: cpu, cpu, cuda, webgpu}
