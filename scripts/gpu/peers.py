"""One size of model, random weights, bfloat16: transformers' generate and one training step. Prints one line of JSON."""

import json
import sys
import time

import torch
from transformers import AutoConfig, AutoModelForCausalLM


def clock(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def rollout(model, job: dict, rows: int) -> dict:
    """Samples as many tokens as rpt does, each context once for each of its rows."""
    ids = torch.randint(3, model.config.vocab_size, (rows, job["context"]), device=job["device"])
    settings = dict(do_sample=True, min_new_tokens=job["fresh"], max_new_tokens=job["fresh"], pad_token_id=0)
    seconds = 0.0
    with torch.no_grad():
        for _ in range(2):
            began = clock(job["device"])
            model.generate(ids, attention_mask=torch.ones_like(ids), **settings)
            seconds = clock(job["device"]) - began
    tokens = rows * job["fresh"]
    return {"tokens": tokens, "seconds": seconds, "tokens_per_second": tokens / seconds}


def update(model, job: dict) -> dict:
    """Forward, backward and AdamW on whole rows; the loss is that of the completions' tokens."""
    rows = job["updated"] * job["groupSize"]
    ids = torch.randint(3, model.config.vocab_size, (rows, job["context"] + job["fresh"]), device=job["device"])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6)
    seconds = 0.0
    for _ in range(2):
        began = clock(job["device"])
        optimizer.zero_grad(set_to_none=True)
        for some in ids.split(job["groupSize"]):
            logits = model(some).logits[:, job["context"] - 1 : -1]
            targets = some[:, job["context"] :]
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), reduction="sum")
            (loss / targets.numel() / job["updated"]).backward()
        optimizer.step()
        seconds = clock(job["device"]) - began
    tokens = rows * job["fresh"]
    return {"tokens": tokens, "seconds": seconds, "tokens_per_second": tokens / seconds}


def main() -> None:
    job = json.loads(sys.argv[1])
    torch.manual_seed(1)
    settings = {name: value for name, value in job["config"].items() if name not in ("model_type", "architectures")}
    config = AutoConfig.for_model(job["config"]["model_type"], **settings)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).to(job["device"])
    found = {f"rollout of {rows} rows": rollout(model.eval(), job, rows) for rows in job["rows"]}
    found["update"] = update(model.train(), job)
    if job["device"] == "cuda":
        found["peak_device_bytes"] = torch.cuda.max_memory_allocated()
    print(json.dumps({**found, "torch": torch.__version__}))


main()
