import {z} from 'zod'

/** The keys of `memory`. */
export const memory = z.strictObject({
  check: z.boolean().default(true).describe('refuse work that does not fit by the estimate'),
  limitGiB: z
    .number()
    .positive()
    .optional()
    .describe('memory to assume, GiB; what this machine has available when absent'),
  deviceLimitGiB: z
    .number()
    .positive()
    .optional()
    .describe('memory of a GPU to assume, GiB; what the GPU has available when absent'),
})
