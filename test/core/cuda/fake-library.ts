/** A 64-bit ELF file that nothing can run: its dynamic section names the libraries that it needs. */
export function fakeLibrary(needed: readonly string[]): Buffer {
  const names = Buffer.from(`\0${needed.map((name) => `${name}\0`).join('')}`, 'latin1')
  const [headSize, segmentSize] = [64, 56]
  const namesAt = headSize + 2 * segmentSize
  const tableAt = namesAt + names.length
  const base = 0x400000
  let at = 1
  const entries = needed.map((name) => {
    const entry = [1, at]
    at += name.length + 1
    return entry
  })
  const table = Buffer.alloc(16 * (entries.length + 2))
  for (const [i, [tag, value]] of [...entries, [5, base + namesAt], [0, 0]].entries()) {
    table.writeBigInt64LE(BigInt(tag), 16 * i)
    table.writeBigUInt64LE(BigInt(value), 16 * i + 8)
  }
  const head = Buffer.alloc(headSize)
  head.write('\x7fELF\x02\x01', 'latin1')
  head.writeBigUInt64LE(BigInt(headSize), 32)
  head.writeUInt16LE(segmentSize, 54)
  head.writeUInt16LE(2, 56)
  const segment = (type: number, offset: number, address: number, size: number) => {
    const bytes = Buffer.alloc(segmentSize)
    bytes.writeUInt32LE(type, 0)
    for (const [i, value] of [offset, address, 0, size].entries()) bytes.writeBigUInt64LE(BigInt(value), 8 * (i + 1))
    return bytes
  }
  const total = tableAt + table.length
  const segments = [segment(1, 0, base, total), segment(2, tableAt, base + tableAt, table.length)]
  return Buffer.concat([head, ...segments, names, table])
}
