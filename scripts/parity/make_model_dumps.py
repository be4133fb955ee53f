"""Writes tiny random checkpoints and what transformers computes with them; see test/parity/README.md.

    python scripts/parity/make_model_dumps.py [case ...]

One folder per case under test/parity/dumps/transformers-<version>/, replaced as a whole.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM

root = Path(__file__).resolve().parents[2] / "test" / "parity" / "dumps"
is_new_dialect = int(transformers.__version__.split(".")[0]) >= 5

SIZES = {
    "vocab_size": 48,
    "hidden_size": 32,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 131072,
    "initializer_range": 0.25,
    "bos_token_id": 1,
    "eos_token_id": None,
    "pad_token_id": 0,
}
# Frequencies of this base and head size fall on all sides of the two bounds: one is kept, one mixed, two divided.
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
# Of the four waves two are kept, one is mixed and one is divided.
YARN = {
    "rope_type": "yarn",
    "factor": 4.0,
    "original_max_position_embeddings": 32,
    "beta_fast": 1.0,
    "beta_slow": 0.2,
}
# transformers 4 takes these two fields for OLMo 2 and no other.
DYNAMIC = {"type": "dynamic", "factor": 2.0}
LONGROPE = {
    "rope_type": "longrope",
    "factor": 4.0,
    "short_factor": [1.0, 1.25, 2.0, 3.5],
    "long_factor": [1.5, 2.5, 4.0, 8.0],
}
SHORT = {"rows": (24, 17, 9), "prompts": (2, 13, 7, 5)}
LONG = {"rows": (120, 70, 9), "prompts": (150, 3, 61, 33)}


def rope(theta, scaling=None):
    """Rotary settings in the dialect of this version."""
    if is_new_dialect:
        return {"rope_parameters": {"rope_type": "default", **(scaling or {}), "rope_theta": theta}}
    return {"rope_theta": theta, "rope_scaling": scaling}


# name: (model_type, config, dtype on disk, bytes per shard, lengths)
CASES = {
    "llama": ("llama", {"attention_bias": is_new_dialect, **rope(10000.0)}, torch.float32, "30KB", SHORT),
    "llama3-rope": ("llama", {"tie_word_embeddings": True, **rope(500.0, LLAMA3)}, torch.bfloat16, "5GB", LONG),
    "qwen2": (
        "qwen2",
        {
            "tie_word_embeddings": True,
            **rope(1000000.0, {"rope_type": "linear", "factor": 4.0} if is_new_dialect else None),
        },
        torch.float16,
        "5GB",
        SHORT,
    ),
    "qwen3": (
        "qwen3",
        {"head_dim": 16, "tie_word_embeddings": not is_new_dialect, **rope(1000000.0)},
        torch.bfloat16,
        "20KB" if is_new_dialect else "5GB",
        SHORT,
    ),
    "mistral": ("mistral", {"num_key_value_heads": 1, "sliding_window": None, **rope(10000.0)}, torch.float32, "5GB", SHORT),
    "olmo2": (
        "olmo2",
        {"attention_bias": is_new_dialect, **rope(500.0, YARN if is_new_dialect else DYNAMIC)},
        torch.float32,
        "5GB",
        SHORT,
    ),
    "smollm3": (
        "smollm3",
        {
            **({"no_rope_layer_interval": 2} if is_new_dialect else {"no_rope_layers": [0, 1]}),
            **rope(500.0, LONGROPE if is_new_dialect else YARN),
        },
        torch.bfloat16,
        "5GB",
        SHORT,
    ),
}

STEPS = 10
OPTIMIZER = {"learningRate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0.01}
MAX_GRAD_NORM = 1.0
NEW_TOKENS = 24
FAR = 100_000
# Two best logits closer than this could change places by rounding: such a case is drawn again.
MARGIN = 1e-3


def random_model(model_type, config, dtype, seed):
    """A model whose norms and biases are random too: transformers starts them at one and zero."""
    torch.manual_seed(seed)
    settings = {**SIZES, **config}
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **settings))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.normal_(1.0 if "norm" in name else 0.0, 0.25)
    return model.to(dtype)


def load(folder):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    return model.eval()


def random_rows(lengths, vocabulary, generator):
    return [torch.randint(3, vocabulary, (length,), generator=generator).tolist() for length in lengths]


def padded(rows, left=False):
    """Ids, mask and labels [B, T]; padding is no target."""
    longest = max(map(len, rows))
    fill = lambda row, value: [value] * (longest - len(row)) + row if left else row + [value] * (longest - len(row))
    ids = torch.tensor([fill(row, 0) for row in rows])
    mask = torch.tensor([fill([1] * len(row), 0) for row in rows])
    return {"input_ids": ids, "attention_mask": mask}, torch.tensor([fill(row, -100) for row in rows])


def loss_of(logits, labels):
    """Mean over every target of the batch."""
    return torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100)


def train(folder, batches, max_norm):
    """Losses before each step and gradient norms before clipping, of AdamW that leaves vectors undecayed."""
    model = load(folder)
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.ndim == 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": OPTIMIZER["weightDecay"]}, {"params": vectors, "weight_decay": 0.0}],
        lr=OPTIMIZER["learningRate"],
        betas=(OPTIMIZER["beta1"], OPTIMIZER["beta2"]),
        eps=OPTIMIZER["epsilon"],
    )
    losses, norms = [], []
    for rows in batches:
        inputs, labels = padded(rows)
        optimizer.zero_grad()
        loss = loss_of(model(**inputs).logits, labels)
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm or float("inf")))
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses), torch.stack(norms).detach()


def complete(model, prompts, end_ids):
    """Greedy completions up to and including an end token, all prompts in one batch, and the smallest margin."""
    inputs, _ = padded(prompts, left=True)
    output = model.generate(
        **inputs,
        do_sample=False,
        max_new_tokens=NEW_TOKENS,
        eos_token_id=end_ids or None,
        pad_token_id=0,
        return_dict_in_generate=True,
        output_logits=True,
    )
    completions, margin = [], float("inf")
    for row, ids in enumerate(output.sequences[:, inputs["input_ids"].shape[1] :].tolist()):
        ends = [at for at, token in enumerate(ids) if token in end_ids]
        completions.append(ids[: ends[0] + 1] if ends else ids)
        for step in range(len(completions[-1])):
            best, second = output.logits[step][row].topk(2).values.tolist()
            margin = min(margin, best - second)
    return completions, margin


def choose_end_ids(free):
    """Two tokens that end some completions early, at different lengths, and leave at least one to run on; or None."""
    for first in free[0][4:9]:
        for second in free[1][9:18]:
            lengths = [next((i for i, t in enumerate(ids) if t in (first, second)), NEW_TOKENS) for ids in free]
            early = sorted({length for length in lengths if length < NEW_TOKENS})
            if first != second and len(early) >= 2 and early[0] > 1 and NEW_TOKENS in lengths:
                return [first, second]
    return None


def make(name):
    model_type, config, dtype, shard, lengths = CASES[name]
    folder = root / f"transformers-{transformers.__version__}" / name
    first = 1000 * int(transformers.__version__.split(".")[0])
    for seed in range(first, first + 1000):
        shutil.rmtree(folder, ignore_errors=True)
        random_model(model_type, config, dtype, seed).save_pretrained(folder, max_shard_size=shard)
        generator = torch.Generator().manual_seed(seed)
        prompts = random_rows(lengths["prompts"], SIZES["vocab_size"], generator)
        model = load(folder)
        free, _ = complete(model, prompts, [])
        end_ids = choose_end_ids(free)
        if end_ids is None:
            continue
        completions, margin = complete(model, prompts, end_ids)
        if margin > MARGIN:
            break
    else:
        raise SystemExit(f"{name}: no seed gives completions that end early and are safe from rounding")

    # One end token in config.json, both in generation_config.json, as instruction-tuned checkpoints have them.
    model.config.eos_token_id = end_ids[0]
    model.generation_config.eos_token_id = end_ids
    model.to(dtype).save_pretrained(folder, max_shard_size=shard)
    single = folder / "model.safetensors"
    if single.exists():
        single.rename(folder / "weights.safetensors")
        load_folder = folder.with_name(f".{name}")
        shutil.rmtree(load_folder, ignore_errors=True)
        shutil.copytree(folder, load_folder)
        (load_folder / "weights.safetensors").rename(load_folder / "model.safetensors")
    else:
        load_folder = folder
    write_reference(load_folder, folder, seed, lengths, prompts, completions, generator)
    if load_folder != folder:
        shutil.rmtree(load_folder)
    ends = [len(ids) for ids in completions]
    print(f"{name}: seed {seed}, margin {margin:.2g}, completion lengths {ends}, end ids {end_ids}")


def write_reference(checkpoint, folder, seed, lengths, prompts, completions, generator):
    vocabulary = SIZES["vocab_size"]
    batches = [random_rows(lengths["rows"], vocabulary, generator) for _ in range(STEPS)]
    model = load(checkpoint)
    inputs, labels = padded(batches[0])
    logits = model(**inputs).logits
    loss = loss_of(logits, labels)
    loss.backward()
    tensors = {f"gradient/{key}": parameter.grad for key, parameter in model.named_parameters()}
    tensors["loss"] = loss.detach().reshape(1)
    tensors["logits"] = torch.cat([logits[i, : len(row)] for i, row in enumerate(batches[0])]).detach()

    # A row that starts at 0 and goes on far behind: angles of large positions, and of the distance to small ones.
    far_ids = random_rows((24,), vocabulary, generator)[0]
    far_positions = [*range(8), *range(FAR - 16, FAR)]
    with torch.no_grad():
        far = model(
            input_ids=torch.tensor([far_ids]),
            position_ids=torch.tensor([far_positions]),
            attention_mask=torch.ones(1, 24, dtype=torch.long),
        )
    tensors["far_logits"] = far.logits[0]
    tensors["losses"], tensors["norms"] = train(checkpoint, batches, None)
    tensors["clipped_losses"], tensors["clipped_norms"] = train(checkpoint, batches, MAX_GRAD_NORM)
    versions = {"transformers": transformers.__version__, "torch": torch.__version__}
    save_file(
        {key: tensor.contiguous() for key, tensor in sorted(tensors.items())},
        folder / "reference.safetensors",
        # One key: the order of several changes from run to run.
        metadata={"made_with": ", ".join(f"{name} {version}" for name, version in versions.items())},
    )
    reference = {
        **versions,
        "seed": seed,
        "optimizer": OPTIMIZER,
        "maxGradNorm": MAX_GRAD_NORM,
        "batches": batches,
        "far": {"ids": far_ids, "positions": far_positions},
        "prompts": prompts,
        "maxTokens": NEW_TOKENS,
        "completions": completions,
    }
    (folder / "reference.json").write_text(json.dumps(reference) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    for name in sys.argv[1:] or CASES:
        make(name)
