import {describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {type ItemOrder, openItemOrder} from '../../../src/core/objectives/grpo/item-order.js'
import {VisitOrder} from '../../../src/core/objectives/order.js'
import {type Difficulty, difficulties} from '../../../src/core/records/records.js'
import {DataError, UsageError} from '../../../src/core/util/errors.js'

const range = (length: number, from = 0) => Array.from({length}, (_, i) => from + i)
const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b)

/** Positions of these difficulties, `perDocument` of a document one after the other. */
function itemsOf(levels: readonly Difficulty[], perDocument = 5) {
  return {
    size: {train: levels.length, val: 0},
    noun: 'positions',
    orderName: 'contexts',
    strata: difficulties,
    traitsAt: (index: number) => ({
      key: {source: `a:${Math.floor(index / perDocument)}`, index: 1 + (index % perDocument)},
      stratum: levels[index],
      entropy: 0.4 + difficulties.indexOf(levels[index]) / 2,
    }),
  }
}

const settings = (...sets: string[]) => loadConfig({sets: ['train.steps=10', ...sets], cwd: '/'}).config
const mixed = range(60).map((index) => difficulties[(index * 7) % 4])
const easyToHard = (...sets: string[]) =>
  openItemOrder(settings('grpo.curriculum=easy-to-hard', ...sets), itemsOf(mixed))

describe('the order of training items', () => {
  it('is that of visits, where nothing else is asked for', () => {
    const order = openItemOrder(settings('seed=3'), itemsOf(mixed))
    const visits = new VisitOrder(60, 3, 'contexts')
    for (const step of [1, 5, 10]) {
      expect(order.poolOf(step).name).toBeUndefined()
      expect(range(150).map((k) => order.poolOf(step).at(k))).toEqual(range(150).map((k) => visits.at(k)))
    }
    expect(order.notes).toEqual([])
  })
})

describe('several positions of a document', () => {
  const lengths = [1, 9, 4, 12, 2, 6, 20, 3]
  const documents = lengths.flatMap((length, document) => Array<number>(length).fill(document))
  const items = {
    ...itemsOf(documents.map(() => 'hard')),
    traitsAt: (index: number) => ({
      key: {source: `a:${documents[index]}`, index},
      stratum: index % 2 === 0 ? 'hard' : 'easy',
      entropy: 1,
    }),
  }
  const drawn = (count: number, ...sets: string[]) => {
    const pool = openItemOrder(settings(...sets), items).poolOf(1)
    return range(count).map((k) => pool.at(k))
  }
  /** How many of one document come one after the other, as far as that is by intention: neighbours may be of one document by chance. */
  const runsOf = (order: readonly number[]) => {
    const runs: number[][] = []
    for (const index of order) {
      if (runs.at(-1) && documents[runs.at(-1)!.at(-1)!] === documents[index]) runs.at(-1)!.push(index)
      else runs.push([index])
    }
    return runs
  }

  it('come one after the other, every position once an epoch', () => {
    for (const epoch of [0, 1, 2]) {
      const order = drawn(57 * (epoch + 1), 'grpo.positionsPerDocument=4').slice(57 * epoch)
      expect(sorted(order)).toEqual(range(57))
      // A document of n positions makes ceil(n / 4) runs; chance joins some.
      const most = lengths.reduce((sum, length) => sum + Math.ceil(length / 4), 0)
      const runs = runsOf(order)
      expect(runs.length).toBeLessThanOrEqual(most)
      expect(runs.length).toBeGreaterThan(most / 2)
    }
  })

  it('are in an order of their own, in every epoch another, by seed', () => {
    const [first, second] = [0, 1].map((epoch) =>
      drawn(114, 'grpo.positionsPerDocument=20').slice(57 * epoch, 57 * (epoch + 1)),
    )
    expect(first).not.toEqual(second)
    // At 20 every document is one run; its positions are shuffled.
    const longest = runsOf(first).find((run) => run.length === 20)!
    expect(longest).not.toEqual(sorted(longest))
    expect(drawn(57, 'grpo.positionsPerDocument=20', 'seed=1')).not.toEqual(first)
  })

  it('are not sought by default: at 1 the order is that of visits', () => {
    const visits = new VisitOrder(57, 0, 'contexts')
    const expected = range(57).map((k) => visits.at(k))
    expect(drawn(57)).toEqual(expected)
    expect(drawn(57, 'grpo.positionsPerDocument=1')).toEqual(expected)
    expect(runsOf(expected).length).toBeGreaterThan(35)
  })

  it('are of the stage of a curriculum', () => {
    const levels = {
      ...items,
      strata: ['easy', 'medium', 'hard'],
      traitsAt: (index: number) => ({...items.traitsAt(index), stratum: ['easy', 'medium', 'hard'][index % 3]}),
    }
    const pool = openItemOrder(settings('grpo.curriculum=easy-to-hard', 'grpo.positionsPerDocument=3'), levels).poolOf(
      5,
    )
    const order = range(19).map((k) => pool.at(k))
    expect(sorted(order)).toEqual(range(57).filter((index) => index % 3 === 1))
    expect(runsOf(order).length).toBeLessThanOrEqual(
      lengths.reduce((sum, length) => sum + Math.ceil(Math.ceil(length / 3) / 3), 0),
    )
  })

  it('are said, and refused where no document has two', () => {
    expect(openItemOrder(settings('grpo.positionsPerDocument=4'), items).notes).toEqual([
      'up to 4 positions of a document one after the other: 57 positions of 8 documents',
    ])
    const open = () => openItemOrder(settings('grpo.positionsPerDocument=4'), itemsOf(mixed, 1))
    expect(open).toThrow(UsageError)
    expect(open).toThrow('grpo.positionsPerDocument is 4; no two training positions come from the same document')
  })
})

describe('a curriculum', () => {
  const levelsOf = (order: ItemOrder, step: number, count = 60) =>
    new Set(range(count).map((k) => mixed[order.poolOf(step).at(k)]))
  const namesOf = (order: ItemOrder, steps: number) => range(steps, 1).map((step) => order.poolOf(step).name)

  it('goes from easy to hard at 30% and 70% of the steps; what reaches no level is easy', () => {
    const order = easyToHard()
    expect(namesOf(order, 10)).toEqual([...Array(3).fill('easy'), ...Array(4).fill('medium'), ...Array(3).fill('hard')])
    expect(levelsOf(order, 3)).toEqual(new Set(['none', 'easy']))
    expect(levelsOf(order, 4)).toEqual(new Set(['medium']))
    expect(levelsOf(order, 10)).toEqual(new Set(['hard']))
  })

  it('says which steps draw from what', () => {
    expect(easyToHard().notes).toEqual([
      'curriculum easy-to-hard: steps 1 to 3 draw from 30 positions of stage easy; steps 4 to 7 draw from 15 positions of stage medium; steps 8 to 10 draw from 15 positions of stage hard',
    ])
  })

  it('goes on where it is told to, and backwards as a control', () => {
    const moved = easyToHard('grpo.curriculumAt=[0.1, 0.2]')
    expect(namesOf(moved, 10)).toEqual(['easy', 'medium', ...Array(8).fill('hard')])
    const back = openItemOrder(settings('grpo.curriculum=hard-to-easy'), itemsOf(mixed))
    expect(namesOf(back, 10)).toEqual([...Array(3).fill('hard'), ...Array(4).fill('medium'), ...Array(3).fill('easy')])
  })

  it.each([3, 4, 7, 30, 100, 1000])('of %d steps gives every stage its steps', (steps) => {
    const names = namesOf(easyToHard(`train.steps=${steps}`), steps)
    const count = (name: string) => names.filter((one) => one === name).length
    expect(names.filter((name, i) => name !== names[i - 1])).toEqual(['easy', 'medium', 'hard'])
    expect([count('easy'), count('medium'), count('hard')]).toEqual([
      Math.round(0.3 * steps),
      Math.round(0.7 * steps) - Math.round(0.3 * steps),
      steps - Math.round(0.7 * steps),
    ])
  })

  it('draws every position of a stage once before any comes again, by seed', () => {
    const pool = easyToHard().poolOf(5)
    const epochs = [0, 1, 2].map((epoch) => range(15, 15 * epoch).map((k) => pool.at(k)))
    const members = range(60).filter((index) => mixed[index] === 'medium')
    for (const epoch of epochs) expect(sorted(epoch)).toEqual(members)
    expect(new Set(epochs.map(String)).size).toBe(3)
    const other = easyToHard('seed=1').poolOf(5)
    expect(range(15).map((k) => other.at(k))).not.toEqual(epochs[0])
  })

  it('refuses a stage without positions, with what there is', () => {
    const open = () =>
      openItemOrder(
        settings('grpo.curriculum=easy-to-hard'),
        itemsOf(mixed.map((level) => (level === 'hard' ? 'easy' : level))),
      )
    expect(open).toThrow(DataError)
    expect(open).toThrow(
      'train: stage hard of grpo.curriculum easy-to-hard has no positions to train on; the stages have: easy 45, medium 15, hard 0',
    )
  })

  it('refuses items that have no difficulty, and steps that do not suffice', () => {
    const questions = {...itemsOf(mixed), strata: ['all'], noun: 'questions'}
    const open = () => openItemOrder(settings('grpo.curriculum=easy-to-hard'), questions)
    expect(open).toThrow(UsageError)
    expect(open).toThrow('train: grpo.curriculum is easy-to-hard, which needs difficulties; questions have none')
    expect(() => easyToHard('train.steps=2')).toThrow(UsageError)
    expect(() => easyToHard('train.steps=2')).toThrow('none of 2 steps is left for stage medium of grpo.curriculum')
    expect(() => easyToHard('train.steps=1')).toThrow('none of 1 steps is left for stage easy')
    expect(() => easyToHard('train.steps=0')).not.toThrow()
  })
})

describe('stages of a curriculum', () => {
  it('have orders of their own, also where they hold as many items', () => {
    const order = easyToHard('seed=3')
    const hard = range(60).filter((index) => mixed[index] === 'hard')
    const visits = new VisitOrder(hard.length, 3, 'contexts hard')
    expect(range(40).map((k) => order.poolOf(10).at(k))).toEqual(range(40).map((k) => hard[visits.at(k)]))
  })

  it('are refused where no step is left for the last one', () => {
    expect(() => easyToHard('grpo.curriculumAt=[0.3, 0.99]')).toThrow(/none of 10 steps is left for stage hard/)
  })
})
