/** Numbers, of which the smallest leaves first. */
export class MinHeap {
  private readonly values: number[] = []

  push(value: number): void {
    const {values} = this
    let at = values.push(value) - 1
    for (let parent = (at - 1) >> 1; at > 0 && values[parent] > value; parent = (at - 1) >> 1) {
      values[at] = values[parent]
      at = parent
    }
    values[at] = value
  }

  /** The smallest number, taken out; undefined when there is none. */
  pop(): number | undefined {
    const {values} = this
    const first = values[0]
    const last = values.pop()
    if (last === undefined || values.length === 0) return first
    let at = 0
    for (let child = 1; child < values.length; child = 2 * at + 1) {
      if (child + 1 < values.length && values[child + 1] < values[child]) child++
      if (values[child] >= last) break
      values[at] = values[child]
      at = child
    }
    values[at] = last
    return first
  }
}
