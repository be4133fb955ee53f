import {describe, expect, it} from 'vitest'
import {configKeys} from '../../../src/core/config/keys.js'
import {loadConfig} from '../../../src/core/config/load.js'

const load = (...sets: string[]) => loadConfig({sets, cwd: '/'})

describe('bounds of settings', () => {
  it.each([
    ['optim.beta1=1', /optim\.beta1 is 1 \(set by --set\); needs less than 1/],
    ['optim.beta2=1', /needs less than 1/],
    ['optim.finalShare=1.1', /needs at most 1/],
    ['optim.epsilon=0', /needs more than 0/],
    ['data.topShare=0', /needs more than 0/],
    ['data.topShare=1.5', /needs at most 1$/],
    ['data.topShare=20', /needs at most 1 \(20% is 0\.2\)$/],
    ['grpo.curriculumAt=[0.3, 70]', /needs less than 1 \(70% is 0\.7\)$/],
    ['data.selectBand=[1, 1]', /needs two ascending numbers: low, high/],
    ['data.selectBand=[2, 1]', /needs two ascending numbers: low, high/],
    ['data.selectBand=[-1, 1]', /needs at least 0/],
    ['data.topK=1', /needs at least 2, because/],
    ['data.batchTokens=0', /needs at least 1/],
    ['data.thresholds=[.inf, .inf, .inf]', /thresholds\.0 is Infinity .* needs a number/],
    ['rollout.temperature=0', /needs at least 0\.001/],
    ['rollout.temperature=1e-40', /needs at least 0\.001/],
    ['eval.temperature=1e39', /needs at most 1000/],
    ['train.maxRowTokens=1', /needs at least 2/],
    ['train.steps=2147483648', /needs at most 2147483647/],
    ['seed=-1', /needs at least 0/],
    ['seed=9007199254740992', /needs at most 9007199254740991/],
    ['seed=1.5', /needs a whole number/],
    ['threads=1000000', /needs at most 4096/],
    ['eval.bootstraps=1e9', /needs at most 1000000/],
    ['grpo.groupSize=1', /needs at least 2/],
    ['eval.modes=reason', /needs one of standard, reasoning, .*empty-thought; did you mean reasoning\?$/],
    ['grpo.loss=ppo', /needs one of grpo, .*rejection$/],
  ])('%s is refused', (set, message) => {
    expect(() => load(set)).toThrow(message)
  })

  it('refuse numbers that are none for every setting that is a number', () => {
    const numbers = configKeys.filter(({type}) => type === 'number' || type === 'integer')
    expect(numbers.length).toBeGreaterThan(40)
    for (const {key} of numbers)
      for (const [text, shown] of [
        ['.inf', 'Infinity'],
        ['-.inf', '-Infinity'],
        ['.nan', 'NaN'],
      ])
        expect(() => load(`${key}=${text}`), key).toThrow(`config: ${key} is ${shown} (set by --set); needs a`)
  })

  it('hold for settings together: no more updates than contexts, no more of a document than contexts', () => {
    expect(() => load('grpo.contextsPerStep=4', 'grpo.miniBatches=5')).toThrow(
      'grpo.miniBatches is 5 (set by --set); needs at most grpo.contextsPerStep, which is 4 (set by --set)',
    )
    expect(() => load('grpo.contextsPerStep=4', 'grpo.positionsPerDocument=5')).toThrow(
      'grpo.positionsPerDocument is 5 (set by --set); needs at most grpo.contextsPerStep, which is 4 (set by --set)',
    )
    expect(load('grpo.contextsPerStep=4', 'grpo.miniBatches=4').config.grpo.miniBatches).toBe(4)
    expect(load('sweep.axes={grpo.miniBatches: [512]}').config.sweep.axes).toEqual({'grpo.miniBatches': [512]})
  })
})
