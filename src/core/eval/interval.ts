export {
  type AccuracyInterval,
  accuracyInterval,
  type BootstrapOptions,
  type GradedPrediction,
  type PairedDifference,
  pairedDifference,
} from '../scaling/interval.js'
