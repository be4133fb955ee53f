import type {FitRow} from '../../src/core/statistics/series.js'

/** Fits of all splits whose numbers are as wide as they get. */
export const wideFits = ['easy', 'medium', 'hard'].map(
  (split): FitRow => ({
    series: 'rpt, reasoning',
    mode: 'reasoning',
    split,
    A: 123456789.123,
    alpha: 0.123456,
    P_star: 0.654321,
    r2: 0.987654,
    A_ci: [12345.6789, 123456789.123],
    alpha_ci: [0.0123456, 1.23456],
    P_star_ci: [0.543219, 0.765432],
    r2_ci: [0.876543, 0.998765],
    point_count: 6,
    residuals: [],
    resamples: 1000,
    resamples_fitted: 998,
    warnings: [],
  }),
)
