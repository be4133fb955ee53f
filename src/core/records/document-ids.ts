/** Names of documents, numbered in the order they were added: some 30 bytes each, where strings in a map take 150. */
export class DocumentIds {
  private bytes = Buffer.alloc(2 ** 12)
  /** [count + 1] start of each name in `bytes`. */
  private starts = new Float64Array(2 ** 8)
  /** Open addressing: number + 1 of a name at the first free place from its hash on, 0 where there is none. */
  private table = new Int32Array(2 ** 9)
  private count = 0

  get length(): number {
    return this.count
  }

  /** The number of a name, which is added unless it is there. */
  add(id: string): number {
    const place = this.placeOf(id)
    if (this.table[place] > 0) return this.table[place] - 1
    this.append(Buffer.from(id))
    this.table[place] = this.count
    if (2 * this.count > this.table.length) this.rehash()
    return this.count - 1
  }

  /** The number of a name; -1 where it was never added. */
  indexOf(id: string): number {
    return this.table[this.placeOf(id)] - 1
  }

  /** The name that was added as number `index`, from 0. */
  at(index: number): string {
    if (!(index >= 0 && index < this.count)) throw new RangeError(`no document ${index} among ${this.count}`)
    return this.nameOf(index).toString()
  }

  /** Where in the table a name is, or would go. */
  private placeOf(id: string): number {
    const wanted = Buffer.from(id)
    const mask = this.table.length - 1
    let place = hashOf(wanted) & mask
    while (this.table[place] > 0 && !this.nameOf(this.table[place] - 1).equals(wanted)) place = (place + 1) & mask
    return place
  }

  private nameOf(index: number): Buffer {
    return this.bytes.subarray(this.starts[index], this.starts[index + 1])
  }

  private append(name: Buffer): void {
    const start = this.starts[this.count]
    const end = start + name.length
    if (end > this.bytes.length) this.bytes = Buffer.concat([this.bytes], Math.max(end, 2 * this.bytes.length))
    if (this.count + 2 > this.starts.length) {
      const grown = new Float64Array(2 * this.starts.length)
      grown.set(this.starts)
      this.starts = grown
    }
    name.copy(this.bytes, start)
    this.starts[++this.count] = end
  }

  private rehash(): void {
    this.table = new Int32Array(2 * this.table.length)
    const mask = this.table.length - 1
    for (let index = 0; index < this.count; index++) {
      let place = hashOf(this.nameOf(index)) & mask
      while (this.table[place] > 0) place = (place + 1) & mask
      this.table[place] = index + 1
    }
  }
}

/** FNV-1a, 32 bits. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
