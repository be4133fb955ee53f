import './telemetry.js'
import ort from 'onnxruntime-node'

// The one import of the library: the line above it has to run first.
export default ort
