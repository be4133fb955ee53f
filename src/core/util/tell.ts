/** Takes a few words about how far a call of the engine is, e.g. `sampling, 3/8 contexts done, 1,024 tokens`. */
export type Tell = (words: string) => void

/** For callers that nobody watches. */
export const tellNobody: Tell = () => {}

const intervalMs = 250

/** Passes on a few words a second at the most: an engine may have thousands. */
export function tellNowAndThen(tell: Tell, now: () => number = Date.now): Tell {
  let last = Number.NEGATIVE_INFINITY
  return (words) => {
    const time = now()
    if (time - last < intervalMs) return
    last = time
    tell(words)
  }
}
