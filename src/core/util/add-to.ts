/** Adds an array to another, element by element. */
export function addTo(sum: Float32Array, addend: Float32Array): void {
  // Read once: where memory has moved between threads, V8 would read it at each step.
  const {length} = sum
  for (let i = 0; i < length; i++) sum[i] += addend[i]
}
