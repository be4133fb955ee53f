/** Whether an answer is right, and one sentence that says why. */
export interface Verification {
  readonly correct: boolean
  readonly explanation: string
}

/**
 * Compares an answer with the truth. Pure, never throws, runs nothing that it reads, and takes time linear in the length of
 * both texts; swapping the two changes no verdict, and an empty answer is never right.
 */
export type Verifier = (answer: string, truth: string) => Verification
