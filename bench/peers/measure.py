"""Measures one Job (bench/job.ts), given as JSON in the first argument; prints a Measurement as a line of JSON."""

import json
import os
import sys
import time
from dataclasses import replace

# Before torch is imported: it reads the number of threads once, and hub clients whether they may call out.
raw = json.loads(sys.argv[1])
os.environ.update(
    OMP_NUM_THREADS=str(raw["threads"]),
    MKL_NUM_THREADS=str(raw["threads"]),
    HF_HUB_OFFLINE="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    TOKENIZERS_PARALLELISM="false",
    CUDA_VISIBLE_DEVICES="",
)

import torch  # noqa: E402

import limits  # noqa: E402
import step  # noqa: E402
from common import Job, TokenTape, peak_memory  # noqa: E402
from works import works  # noqa: E402


def small(job: Job) -> Job:
    """The work of two short rows: enough to load kernels and allocate the optimizer's state."""
    size = replace(
        job.size, contexts=1, groupSize=min(2, job.size.groupSize), completion=min(4, job.size.completion)
    )
    return replace(job, size=size)


def measure(job: Job) -> dict:
    prepare, setting = works[job.work]
    run = prepare(job)
    tape = TokenTape(job.tokens)
    run(small(job) if job.warmUp == "small" else job, tape, job.repeats)
    seconds, checks = [], []
    for index in range(job.repeats):
        started = time.perf_counter()
        checks.append(run(job, tape, index))
        seconds.append(time.perf_counter() - started)
    return {"seconds": seconds, "check": checks[0], "setting": setting}


torch.manual_seed(0)
torch.set_num_threads(raw["threads"])
measures = {"limits": limits.measure, "step": step.measure, "lean-step": step.measure_lean}
job = raw if raw["work"] == "limits" else Job.parse(raw)
found = measures.get(raw["work"], measure)(job)
print(json.dumps({**found, "peakRss": peak_memory(), "threads": torch.get_num_threads()}))
