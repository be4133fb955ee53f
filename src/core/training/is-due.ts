/** Whether something that comes every so many steps comes after this one: 0 is never, and the last step always counts. */
export function isDue(step: number, every: number, steps: number): boolean {
  return every > 0 && (step % every === 0 || step === steps)
}
