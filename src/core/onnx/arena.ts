import {executionOrder} from './execution-order.js'
import type {Graph} from './graph.js'
import {heldInside} from './liveness.js'
import {RoomPlan} from './room-plan.js'

/** Sizes are rounded up to it, bytes. */
const granule = 256
/** Size of the first region, bytes; each further one is twice as large, up to the largest, or as large as it must be. */
const firstRegion = 2 ** 20
const largestRegion = 2 ** 30
/** A block that is larger than what is asked for by so many bytes is always cut. */
const mostSlack = 128 * 2 ** 20

/** Neighbours in a region, from its beginning on. */
interface Block {
  readonly region: Region
  at: number
  size: number
  isFree: boolean
}

interface Region {
  readonly blocks: Block[]
  /** Bytes from its beginning that were ever used: the system gives memory only where something is written. */
  used: number
}

/** What an arena takes. */
export interface ArenaUsage {
  /** Memory that it holds: what was ever written to. */
  readonly usedBytes: number
  /** Addresses that it holds. */
  readonly regionBytes: number
}

/**
 * onnxruntime's arena: the smallest free block that is large enough, cut where it is twice as large, and free neighbours made one.
 * Source: onnxruntime 1.30, `core/framework/bfc_arena.cc`.
 */
class Arena {
  private readonly regions: Region[] = []
  private nextRegion = firstRegion

  get usage(): ArenaUsage {
    const regionBytes = this.regions.flatMap(({blocks}) => blocks).reduce((sum, {size}) => sum + size, 0)
    return {usedBytes: this.regions.reduce((sum, {used}) => sum + used, 0), regionBytes}
  }

  take(bytes: number): Block {
    const size = granule * Math.max(1, Math.ceil(bytes / granule))
    const block = this.smallestFree(size) ?? this.extend(size)
    const {region} = block
    const rest = block.size - size
    if (block.size >= 2 * size || rest >= mostSlack) {
      region.blocks.splice(region.blocks.indexOf(block) + 1, 0, {region, at: block.at + size, size: rest, isFree: true})
      block.size = size
    }
    block.isFree = false
    region.used = Math.max(region.used, block.at + size)
    return block
  }

  giveBack(block: Block): void {
    const {blocks} = block.region
    const index = blocks.indexOf(block)
    const [before, after] = [blocks[index - 1], blocks[index + 1]]
    block.isFree = true
    if (after?.isFree) {
      block.size += after.size
      blocks.splice(index + 1, 1)
    }
    if (before?.isFree) {
      before.size += block.size
      blocks.splice(index, 1)
    }
  }

  private smallestFree(size: number): Block | undefined {
    let best: Block | undefined
    for (const {blocks} of this.regions)
      for (const block of blocks)
        if (block.isFree && block.size >= size && (best === undefined || block.size < best.size)) best = block
    return best
  }

  private extend(size: number): Block {
    const fits = this.nextRegion >= size
    while (this.nextRegion < size) this.nextRegion *= 2
    const region: Region = {blocks: [], used: 0}
    const block = {region, at: 0, size: this.nextRegion, isFree: true}
    region.blocks.push(block)
    this.regions.push(region)
    if (fits) this.nextRegion = Math.min(2 * this.nextRegion, largestRegion)
    return block
  }
}

/**
 * What the arena of a graph holds after a run on the CPU: the tensors of the fullest moment, and the gaps between blocks. Further runs find
 * their blocks there.
 *
 * @param writesElsewhere whether outputs are written to memory that the caller has
 */
export function arenaOf(graph: Graph, writesElsewhere = false): ArenaUsage {
  const nodes = executionOrder(graph)
  const {rooms} = new RoomPlan(graph, nodes, 1, writesElsewhere)
  const arena = new Arena()
  const begin = nodes.map((): typeof rooms => [])
  const ending = nodes.map((): Block[] => [])
  for (const room of rooms) begin[room.from].push(room)
  nodes.forEach((node, index) => {
    for (const {to, bytes} of begin[index]) ending[to].push(arena.take(bytes))
    const own = heldInside(node).map(({bytes}) => arena.take(bytes))
    for (const block of [...own, ...ending[index]]) arena.giveBack(block)
  })
  return arena.usage
}
