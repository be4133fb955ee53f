import type {ThoughtStyle} from '../config/names.js'
import type {Difficulty} from '../records/records.js'
import {type MadeRow, type Obstacle, obstacles} from './make-row.js'

/** Counts of the rows that were made, and of the positions that none could be made of. */
export class Tally {
  rows = 0
  tokens = 0
  longest = 0
  cutPrompts = 0
  readonly difficulties = new Map<Difficulty, number>()
  readonly styles = new Map<ThoughtStyle, number>()
  readonly obstacles = new Map<Obstacle, number>()

  /** Counts one more. */
  add(made: MadeRow): void {
    if (typeof made === 'string') count(this.obstacles, made)
    else this.addRow(made)
  }

  /** In words, with a semicolon in front; nothing where no position was passed over. */
  get passedOver(): string {
    const reasons = [...this.obstacles].map(([obstacle, number]) => `${number} (${obstacles[obstacle].words})`)
    return reasons.length > 0 ? `; positions passed over: ${reasons.join(', ')}` : ''
  }

  /** What makes rows of positions that were passed over. */
  get remedies(): string[] {
    return [...this.obstacles.keys()].flatMap((obstacle) => obstacles[obstacle].remedy ?? [])
  }

  private addRow({row, tokens, isCut}: Exclude<MadeRow, string>): void {
    this.rows++
    this.tokens += tokens
    this.longest = Math.max(this.longest, tokens)
    this.cutPrompts += Number(isCut)
    count(this.difficulties, row.difficulty)
    count(this.styles, row.style)
  }
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
