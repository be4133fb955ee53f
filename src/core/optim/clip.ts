/** Factor that brings a gradient of that norm down to `maxNorm`; 1 where it is within (as torch's clip_grad_norm_). */
export function clipScale(norm: number, maxNorm: number): number {
  return Math.min(1, maxNorm / (norm + 1e-6))
}
