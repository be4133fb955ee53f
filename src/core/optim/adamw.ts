/** Settings of one AdamW step. */
export interface AdamWSettings {
  readonly learningRate: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  /** Decoupled decay; pass 0 for tensors that are not decayed. */
  readonly weightDecay: number
}

/** Running means of the gradient and of its square, float32, in the weight's shape. */
export interface Moments {
  readonly first: Float32Array
  readonly second: Float32Array
}

/**
 * One AdamW step in place (Loshchilov and Hutter 2019, Algorithm 2, with bias correction, as torch.optim.AdamW).
 *
 * @param weight any shape, float32; overwritten
 * @param gradient as long as weight
 * @param gradientScale factor on the gradient, e.g. of norm clipping
 * @param step 1 for the first update
 */
export function adamWStep(
  weight: Float32Array,
  gradient: Float32Array,
  moments: Moments,
  {learningRate, beta1, beta2, epsilon, weightDecay}: AdamWSettings,
  step: number,
  gradientScale = 1,
): void {
  const {first, second} = moments
  const keep = 1 - learningRate * weightDecay
  const stepSize = learningRate / (1 - beta1 ** step)
  const secondScale = 1 / (1 - beta2 ** step)
  // Read once: when memory has moved between threads, V8 would read it at each step, at half as much time again.
  const {length} = weight
  for (let i = 0; i < length; i++) {
    const g = gradient[i] * gradientScale
    const m = beta1 * first[i] + (1 - beta1) * g
    const v = beta2 * second[i] + (1 - beta2) * g * g
    first[i] = m
    second[i] = v
    weight[i] = weight[i] * keep - (stepSize * m) / (Math.sqrt(v * secondScale) + epsilon)
  }
}
