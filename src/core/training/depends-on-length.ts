import type {Config} from '../config/schema.js'
import {curricula} from '../objectives/grpo/curricula.js'
import {isTimed} from '../rewards/terms.js'

/** Whether steps depend on how many there will be: by the learning rate, by a curriculum, or by a term of the reward. */
export function dependsOnLength({optim, grpo, reward}: Pick<Config, 'optim' | 'grpo' | 'reward'>): boolean {
  return optim.schedule !== 'constant' || curricula[grpo.curriculum](grpo).length > 0 || isTimed(reward.terms ?? [])
}
