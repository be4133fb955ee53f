import {z} from 'zod'

/** The keys of `memory`. */
export const memory = z.strictObject({
  check: z.boolean().default(true).describe('refuse what the estimate says cannot fit'),
  limitGiB: z
    .number()
    .positive()
    .optional()
    .describe('memory to count on, GiB; what this machine has left when absent'),
  deviceLimitGiB: z
    .number()
    .positive()
    .optional()
    .describe('memory of a GPU to count on, GiB; what it has left when absent'),
})
