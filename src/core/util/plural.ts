/** `1 group`, `2 groups`; `2 batches` with `plural(2, 'batch', 'batches')`. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`
}
