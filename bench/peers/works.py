"""The works of the benchmark as PyTorch and transformers do them best; each returns what the other side must find too.

A work is prepared once (model, optimizer) and gives run(job, tape, index).
"""

import torch
from common import Job, TokenTape, advantages_of, load_model, make_optimizer


def prepare_rollout(job: Job):
    """transformers generate: all rows in one batch, static key-value cache, no early stop."""
    model = load_model(job).eval()

    def run(job: Job, tape: TokenTape, index: int) -> float:
        size = job.size
        prompts, _ = tape.run(index, size)
        with torch.inference_mode():
            sequences = model.generate(
                prompts,
                attention_mask=torch.ones_like(prompts),
                num_return_sequences=size.groupSize,
                max_new_tokens=size.completion,
                min_new_tokens=size.completion,
                do_sample=True,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                # Allocated once: the default cache is copied whole at every token (four times slower to decode on S).
                cache_implementation="static",
                disable_compile=True,
                eos_token_id=None,
                pad_token_id=0,
            )
        return float(sequences[:, size.context :].numel())

    return run


def token_logprobs(model, rows: torch.Tensor, completion: int) -> torch.Tensor:
    """Log-probabilities of the last `completion` tokens of each row; the head sees their positions only."""
    logits = model(rows, logits_to_keep=completion + 1, use_cache=False).logits[:, :-1]
    chosen = logits.gather(-1, rows[:, -completion:, None]).squeeze(-1)
    # Row by row, as TRL does: one [completion, vocabulary] temporary at a time.
    return chosen - torch.stack([row.logsumexp(-1) for row in logits])


def prepare_update(job: Job):
    """GRPO over the full sequences of every group in eager mode, micro-batches of rows, one AdamW step."""
    model = load_model(job).train()
    optimizer = make_optimizer(model)
    old = -torch.log(torch.tensor(float(job.vocabulary)))

    def run(job: Job, tape: TokenTape, index: int) -> float:
        size = job.size
        prompts, completions = tape.run(index, size)
        rows = torch.cat([prompts.repeat_interleave(size.groupSize, 0), completions], 1)
        advantages = advantages_of(completions, size.groupSize)[:, None]
        for start in range(0, size.rows, job.microBatch):
            batch = slice(start, start + job.microBatch)
            ratio = (token_logprobs(model, rows[batch], size.completion) - old).exp()
            clipped = ratio.clamp(0.8, 1.2)
            objective = torch.minimum(ratio * advantages[batch], clipped * advantages[batch])
            (-objective.sum() / completions.numel()).backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return float(norm)

    return run


def prepare_score(job: Job):
    """Entropy of the renormalised 16 most probable next tokens at every position."""
    model = load_model(job).eval()

    def run(job: Job, tape: TokenTape, index: int) -> float:
        documents, _ = tape.run(index, job.size)
        total = 0.0
        with torch.inference_mode():
            for batch in documents.split(job.microBatch):
                logits = model(batch, use_cache=False).logits[:, :-1]
                logprobs = logits.topk(16, -1).values.log_softmax(-1)
                total += float(-(logprobs.exp() * logprobs).sum())
        return total / documents[:, 1:].numel()

    return run


def prepare_ntp(job: Job):
    """A plain next-token training step: mean cross-entropy, clip, AdamW."""
    model = load_model(job).train()
    optimizer = make_optimizer(model)

    def run(job: Job, tape: TokenTape, index: int) -> float:
        rows, _ = tape.run(index, job.size, 1)
        total = 0.0
        for batch in rows.split(job.microBatch):
            logits = model(batch[:, :-1], use_cache=False).logits
            loss = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), batch[:, 1:].flatten(), reduction="sum"
            ) / (job.size.contexts * job.size.context)
            loss.backward()
            total += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return total

    return run


works = {
    "rollout": (prepare_rollout, "sdpa, static cache"),
    "update": (prepare_update, "sdpa"),
    "score": (prepare_score, "sdpa"),
    "ntp": (prepare_ntp, "sdpa"),
}
