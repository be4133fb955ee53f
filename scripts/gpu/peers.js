import {spawnSync} from 'node:child_process'
import {join} from 'node:path'
import {root} from './parts.js'
import {workOf} from './shapes.js'

/** transformers' `generate` and a training step of PyTorch, in bfloat16, on the same shapes; skipped where Python has neither. */
export async function measurePeers({device, smallest, note}) {
  const python = process.env.PYTHON ?? 'python3'
  const {status} = spawnSync(python, ['-c', 'import torch, transformers'], {stdio: 'ignore'})
  if (status !== 0) return note('skipped', `${python} has no torch with transformers`)
  for (const size of ['135M', '0.5B', '1.5B']) {
    const job = JSON.stringify({...workOf(size, smallest), device: device === 'cuda' ? 'cuda' : 'cpu'})
    const ran = spawnSync(python, [join(root, 'scripts', 'gpu', 'peers.py'), job], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    })
    const line = ran.stdout.trim().split('\n').at(-1)
    note(size, ran.status === 0 ? JSON.parse(line) : {refused: ran.stderr.trim().split('\n').at(-1)})
  }
}
