/** Equation 5 of the paper (arXiv:2506.08007): P(C) = A / C^alpha + P*. */

/** One measured checkpoint. */
export interface ScalingPoint {
  /** Training compute in FLOPs, above 0. */
  readonly compute: number
  /** Validation accuracy in [0, 1]. */
  readonly accuracy: number
  /** How much its residual counts, above 0; 1 when absent. */
  readonly weight?: number
}

/** The constants of a fit, enough to draw its curve. */
export interface PowerLaw {
  /** Negative where accuracy rises. Its unit is accuracy x FLOPs^alpha, so it means nothing apart from alpha. */
  readonly A: number
  readonly alpha: number
  /** The accuracy that the curve tends to, in [0, 1]. */
  readonly pStar: number
}

/** A fitted power law, what it leaves over, and what to beware of. */
export interface PowerLawFit extends PowerLaw {
  readonly kind: 'fitted'
  /** 1 - residual / total sum of squares, both weighted. Three constants on few points: a value near 1 is weak evidence. */
  readonly r2: number
  /** Measured minus fitted accuracy, in the order of `points`. */
  readonly residuals: readonly number[]
  /** The points used, by ascending compute. */
  readonly points: readonly ScalingPoint[]
  readonly warnings: readonly string[]
}

/** Why there is no fit. */
export interface NoFit {
  readonly kind: 'too-few-points' | 'no-variation'
  readonly message: string
  readonly points: readonly ScalingPoint[]
  readonly warnings: readonly string[]
}

const alphaMin = 0.01
const alphaMax = 10
const gridSize = 160
const logStep = Math.log(alphaMax / alphaMin) / (gridSize - 1)
const pointsNeeded = 4

/** Least squares at one alpha, compute measured in its geometric mean. */
interface Candidate {
  readonly logAlpha: number
  readonly scaledA: number
  readonly pStar: number
  readonly squares: number
}

/** Where P* may lie. */
type Bounds = readonly [low: number, high: number]

const anywhere: Bounds = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
const accuracies: Bounds = [0, 1]

/**
 * Fits accuracy against compute by weighted least squares.
 *
 * Variable projection: at each alpha the model is linear in A and P*, so only alpha is searched, on a logarithmic grid
 * from 0.01 to 10 and then by golden section. A is free, negative where accuracy rises. P* is an accuracy, within 0 and
 * 1; where it would lie beyond without that bound, a warning says so.
 *
 * @returns `too-few-points` below four distinct values of compute, `no-variation` where all accuracies are equal
 */
export function fitPowerLaw(measured: readonly ScalingPoint[]): PowerLawFit | NoFit {
  const points = measured
    .filter(({compute, accuracy}) => compute > 0 && Number.isFinite(compute) && Number.isFinite(accuracy))
    .sort((a, b) => a.compute - b.compute || a.accuracy - b.accuracy)
  const warnings: string[] = []
  const dropped = measured.length - points.length
  if (dropped > 0) warnings.push(`${dropped} of ${measured.length} points left out: no compute (step 0) or no accuracy`)
  const distinct = new Set(points.map(({compute}) => compute)).size
  if (distinct < pointsNeeded) {
    const message = `a power law has three constants and needs ${pointsNeeded} checkpoints; found ${distinct}`
    return {kind: 'too-few-points', message, points, warnings}
  }
  if (new Set(points.map(({accuracy}) => accuracy)).size === 1) {
    return {kind: 'no-variation', message: 'all accuracies are equal: there is no curve to fit', points, warnings}
  }
  const center = points.reduce((sum, {compute}) => sum + Math.log(compute), 0) / points.length
  const best = fitBounded(points, center, warnings)
  return {kind: 'fitted', ...describe(best, points, center), points, warnings}
}

/** The fitted accuracy at a compute in FLOPs. */
export function predictAccuracy({A, alpha, pStar}: PowerLaw, compute: number): number {
  return A / compute ** alpha + pStar
}

function fitBounded(points: readonly ScalingPoint[], center: number, warnings: string[]): Candidate {
  const free = search(points, center, anywhere)
  const isWithin = free.pStar >= accuracies[0] && free.pStar <= accuracies[1]
  const best = isWithin ? free : search(points, center, accuracies)
  if (!isWithin) {
    const [percent, bounded] = [free, best].map(({pStar}) => (100 * pStar).toFixed(1).replace('.0', ''))
    warnings.push(
      `the free fit puts P* at ${percent}%: it was bounded to ${bounded}% and is an extrapolation, not a finding`,
    )
  }
  const edge = Math.exp(best.logAlpha)
  if (edge < alphaMin * 1.05) warnings.push(`alpha is at its lower limit ${alphaMin}: accuracy still grows like log C`)
  if (edge > alphaMax / 1.05) warnings.push(`alpha is at its upper limit ${alphaMax}: one step and then a plateau`)
  return best
}

function describe(best: Candidate, points: readonly ScalingPoint[], center: number) {
  const alpha = Math.exp(best.logAlpha)
  const fitted = points.map(({compute}) => best.scaledA * Math.exp(-alpha * (Math.log(compute) - center)) + best.pStar)
  const weights = points.reduce((sum, {weight = 1}) => sum + weight, 0)
  const mean = points.reduce((sum, {accuracy, weight = 1}) => sum + weight * accuracy, 0) / weights
  const total = points.reduce((sum, {accuracy, weight = 1}) => sum + weight * (accuracy - mean) ** 2, 0)
  return {
    A: best.scaledA * Math.exp(alpha * center),
    alpha,
    pStar: best.pStar,
    r2: 1 - best.squares / total,
    residuals: points.map(({accuracy}, i) => accuracy - fitted[i]),
  }
}

function search(points: readonly ScalingPoint[], center: number, bounds: Bounds): Candidate {
  const logs = points.map(({compute}) => Math.log(compute) - center)
  const at = (logAlpha: number) => solveLinear(points, logs, logAlpha, bounds)
  let best = at(Math.log(alphaMin))
  for (let i = 1; i < gridSize; i++) {
    const candidate = at(Math.log(alphaMin) + i * logStep)
    if (candidate.squares < best.squares) best = candidate
  }
  const low = Math.max(best.logAlpha - logStep, Math.log(alphaMin))
  const high = Math.min(best.logAlpha + logStep, Math.log(alphaMax))
  const refined = goldenSection(at, low, high)
  return refined.squares < best.squares ? refined : best
}

/** A and P* at a given alpha; where P* leaves its bounds it is fixed at the nearer one and A alone is fitted. */
function solveLinear(
  points: readonly ScalingPoint[],
  logs: readonly number[],
  logAlpha: number,
  bounds: Bounds,
): Candidate {
  const alpha = Math.exp(logAlpha)
  const basis = logs.map((log) => Math.exp(-alpha * log))
  let weights = 0
  let meanX = 0
  let meanY = 0
  for (const [i, {accuracy, weight = 1}] of points.entries()) {
    weights += weight
    meanX += weight * basis[i]
    meanY += weight * accuracy
  }
  meanX /= weights
  meanY /= weights
  let covariance = 0
  let variance = 0
  for (const [i, {accuracy, weight = 1}] of points.entries()) {
    covariance += weight * (basis[i] - meanX) * (accuracy - meanY)
    variance += weight * (basis[i] - meanX) ** 2
  }
  let scaledA = covariance / variance
  let pStar = meanY - scaledA * meanX
  if (pStar < bounds[0] || pStar > bounds[1]) {
    pStar = Math.min(Math.max(pStar, bounds[0]), bounds[1])
    scaledA = leastSquaresSlope(points, basis, pStar)
  }
  const squares = points.reduce(
    (sum, {accuracy, weight = 1}, i) => sum + weight * (accuracy - scaledA * basis[i] - pStar) ** 2,
    0,
  )
  return {logAlpha, scaledA, pStar, squares}
}

function leastSquaresSlope(points: readonly ScalingPoint[], basis: readonly number[], pStar: number): number {
  const numerator = points.reduce((sum, {accuracy, weight = 1}, i) => sum + weight * basis[i] * (accuracy - pStar), 0)
  return numerator / points.reduce((sum, {weight = 1}, i) => sum + weight * basis[i] ** 2, 0)
}

function goldenSection(at: (logAlpha: number) => Candidate, low: number, high: number): Candidate {
  const golden = (Math.sqrt(5) - 1) / 2
  let [a, b] = [low, high]
  let left = at(b - golden * (b - a))
  let right = at(a + golden * (b - a))
  while (b - a > 1e-7) {
    if (left.squares < right.squares) {
      b = right.logAlpha
      right = left
      left = at(b - golden * (b - a))
    } else {
      a = left.logAlpha
      left = right
      right = at(a + golden * (b - a))
    }
  }
  return left.squares < right.squares ? left : right
}
