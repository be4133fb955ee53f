"""Writes torch-losses.json: what torch's autograd makes of the losses as their papers state them.

python3 torch_losses.py > torch-losses.json    (torch 2.13)
"""
import json

import torch

torch.manual_seed(0)
lengths = [3, 5, 2, 7]
advantages = torch.tensor([1.0, -0.5, 2.0, -1.5], dtype=torch.float64)
old = [-2 * torch.rand(n, dtype=torch.float64) for n in lengths]
new = [(o + 0.4 * torch.randn(len(o), dtype=torch.float64)).requires_grad_() for o in old]


def surrogate(ratio, advantage, low, high):
    return -torch.min(ratio * advantage, ratio.clamp(1 - low, 1 + high) * advantage)


def gradient(loss):
    grads = torch.autograd.grad(loss, new)
    return [round(value, 9) for grad in grads for value in grad.tolist()]


def of_tokens(low, high):
    return [surrogate((n - o).exp(), a, low, high) for n, o, a in zip(new, old, advantages)]


tokens = sum(lengths)
cases = {}
cases["grpo"] = {"low": 0.2, "high": 0.2, "normalizer": "token", "gradient": gradient(sum(t.sum() for t in of_tokens(0.2, 0.2)) / tokens)}
cases["dapo"] = {"low": 0.2, "high": 0.28, "normalizer": "token", "gradient": gradient(sum(t.sum() for t in of_tokens(0.2, 0.28)) / tokens)}
cases["dr-grpo"] = {"low": 0.2, "high": 0.2, "normalizer": "constant", "maxTokens": 10, "gradient": gradient(sum(t.sum() for t in of_tokens(0.2, 0.2)) / (len(lengths) * 10))}
ratios = [(n - o).mean().exp() for n, o in zip(new, old)]
sequences = [surrogate(r, a, 0.1, 0.15) for r, a in zip(ratios, advantages)]
cases["gspo"] = {"low": 0.1, "high": 0.15, "normalizer": "sequence", "gradient": gradient(sum(sequences) / len(lengths))}
capped = [-(n - o).exp().clamp(max=1.3).detach() * a * n for n, o, a in zip(new, old, advantages)]
cases["cispo"] = {"low": 0.2, "high": 0.3, "normalizer": "token", "gradient": gradient(sum(t.sum() for t in capped) / tokens)}
cases["rejection"] = {"low": 0.2, "high": 0.2, "normalizer": "token", "gradient": gradient(-sum((a * n).sum() for a, n in zip(advantages, new)) / tokens)}
flat = lambda rows: [value for row in rows for value in row.tolist()]
print(json.dumps({"lengths": lengths, "advantages": advantages.tolist(), "old": flat(old), "policy": flat([n.detach() for n in new]), "cases": cases}))
