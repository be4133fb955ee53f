export function isOtherRun(args: readonly string[]): boolean
