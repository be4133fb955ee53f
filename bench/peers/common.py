"""What the peers share: the job, its tokens, the model, rewards and advantages."""

import re
import resource
from dataclasses import dataclass

import numpy as np
import torch
from transformers import AutoModelForCausalLM


@dataclass(frozen=True)
class Size:
    """Amount of work of one run; see WorkSize in bench/job.ts."""

    contexts: int
    groupSize: int
    context: int
    completion: int

    @property
    def rows(self) -> int:
        return self.contexts * self.groupSize


@dataclass(frozen=True)
class Job:
    """One process; see Job in bench/job.ts."""

    work: str
    size: Size
    checkpoint: str
    vocabulary: int
    tokens: str
    microBatch: int
    warmUp: str
    repeats: int
    threads: int

    @staticmethod
    def parse(raw: dict) -> "Job":
        return Job(**{**raw, "size": Size(**raw["size"])})


class TokenTape:
    """Seeded ids in the order that TokenTape of bench/token-tape.ts reads them."""

    def __init__(self, file: str):
        self.ids = np.fromfile(file, dtype="<i4").astype(np.int64)

    def run(self, run: int, size: Size, extra: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
        """Contexts [contexts, context + extra] and completions [contexts * groupSize, completion]."""
        prompts = size.contexts * (size.context + extra)
        answers = size.rows * size.completion
        start = run * (prompts + answers)
        taken = torch.from_numpy(self.ids[np.arange(start, start + prompts + answers) % len(self.ids)])
        return (
            taken[:prompts].view(size.contexts, size.context + extra),
            taken[prompts:].view(size.rows, size.completion),
        )


def load_model(job: Job, attention: str = "sdpa"):
    return AutoModelForCausalLM.from_pretrained(job.checkpoint, dtype=torch.float32, attn_implementation=attention)


def peak_memory() -> int:
    """Peak resident bytes of this process; ru_maxrss would count the parent's on Linux."""
    try:
        with open("/proc/self/status", encoding="utf8") as status:
            return int(re.search(r"^VmHWM:\s*(\d+) kB", status.read(), re.M).group(1)) * 1024
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def reward_of(completion_ids) -> float:
    """Costs nothing and differs within a group."""
    return int(sum(completion_ids)) % 97 / 97


def advantages_of(completions: torch.Tensor, group_size: int) -> torch.Tensor:
    """Group-normalised rewards, [rows]: (r - mean) / (std + 1e-4)."""
    rewards = torch.tensor([reward_of(ids) for ids in completions.tolist()]).view(-1, group_size)
    return ((rewards - rewards.mean(1, keepdim=True)) / (rewards.std(1, keepdim=True) + 1e-4)).flatten()


def make_optimizer(model) -> torch.optim.Optimizer:
    """AdamW in one fused pass; the learning rate leaves the weights as they are, so that checks can be compared."""
    return torch.optim.AdamW(model.parameters(), lr=1e-9, weight_decay=0.0, fused=True)
