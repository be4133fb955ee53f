"""A whole GRPO step by TRL's GRPOTrainer: generation, rewards, advantages, update."""

import tempfile
import time
from dataclasses import replace

from common import Job, Size, TokenTape, load_model, reward_of
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, TrainerCallback
from trl import GRPOConfig, GRPOTrainer


class StepTimes(TrainerCallback):
    """Wall-clock seconds of each optimizer step, generation included."""

    def __init__(self):
        self.seconds: list[float] = []

    def on_step_begin(self, *args, **kwargs):
        self.started = time.perf_counter()

    def on_step_end(self, *args, **kwargs):
        self.seconds.append(time.perf_counter() - self.started)


def make_tokenizer(vocabulary: int) -> PreTrainedTokenizerFast:
    """Reads `t17 t4` as ids 17 and 4; the end token is an id that the model cannot draw, so nothing stops early."""
    entries = {f"t{index}": index for index in range(vocabulary)} | {"<end>": vocabulary}
    tokenizer = Tokenizer(models.WordLevel(entries, unk_token="<end>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>", pad_token="<end>", padding_side="left")


def settings(job: Job, size: Size, steps: int, folder: str, lean: bool) -> GRPOConfig:
    return GRPOConfig(
        output_dir=folder,
        max_steps=steps,
        per_device_train_batch_size=min(job.microBatch, size.rows),
        gradient_accumulation_steps=max(1, size.rows // job.microBatch),
        num_generations=size.groupSize,
        max_completion_length=size.completion,
        num_iterations=1,
        beta=0.0,
        temperature=1.0,
        top_p=1.0,
        top_k=0,
        learning_rate=1e-9,
        max_grad_norm=1.0,
        optim="adamw_torch_fused",
        cache_implementation="static",
        generation_kwargs={"eos_token_id": None, "min_new_tokens": size.completion},
        shuffle_dataset=False,
        gradient_checkpointing=lean,
        bf16=False,
        use_cpu=True,
        use_vllm=False,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        logging_steps=1000,
        seed=0,
    )


def train(job: Job, model, size: Size, steps: int, lean: bool) -> tuple[list[float], list[int]]:
    """Seconds and new tokens of each step."""
    tape = TokenTape(job.tokens)
    prompts = [
        {"prompt": " ".join(f"t{token}" for token in ids)}
        for index in range(steps)
        for ids in tape.run(index, size)[0].tolist()
    ]
    counts: list[int] = []

    def reward(completion_ids, **_):
        counts.append(sum(len(ids) for ids in completion_ids))
        return [reward_of(ids) for ids in completion_ids]

    times = StepTimes()
    with tempfile.TemporaryDirectory() as folder:
        GRPOTrainer(
            model=model,
            reward_funcs=reward,
            args=settings(job, size, steps, folder, lean),
            train_dataset=Dataset.from_list(prompts),
            processing_class=make_tokenizer(job.vocabulary),
            callbacks=[times],
        ).train()
    return times.seconds, counts


def measure(job: Job, lean: bool = False) -> dict:
    model = load_model(job)
    if job.warmUp == "small":
        warm = replace(job.size, contexts=1, completion=2)
        train(replace(job, microBatch=warm.rows), model, warm, 1, lean)
    before = 0 if job.warmUp == "small" else 1
    seconds, counts = train(job, model, job.size, job.repeats + before, lean)
    return {"seconds": seconds[before:], "check": float(counts[before]), "setting": f"TRL, sdpa, static cache{', gradient checkpointing' if lean else ''}"}


def measure_lean(job: Job) -> dict:
    """The same with gradient checkpointing: layers are computed again in the backward pass."""
    return measure(job, lean=True)
