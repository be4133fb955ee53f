"""What the machine gives PyTorch: the rate of a large matrix product and of a large copy."""

import time

import torch


def fastest(run, repeats: int = 5) -> float:
    """Seconds of the fastest of some runs after one that is not counted."""
    run()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def measure(raw: dict) -> dict:
    side, bytes_copied = raw["side"], raw["bytes"]
    left, right = torch.rand(side, side), torch.rand(side, side)
    source = torch.rand(bytes_copied // 4)
    target = torch.empty_like(source)
    with torch.inference_mode():
        product = fastest(lambda: left @ right)
        copy = fastest(lambda: target.copy_(source))
    return {"flops": 2 * side**3 / product, "copyBytes": 2 * bytes_copied / copy}
