"""Passes adapters between PEFT and rpt, both ways.

Usage: check_adapters.py [FOLDER]; run in a Python that has requirements-transformers.txt, after `npm install`. FOLDER receives
the models; a temporary one when absent.

Per family transformers saves a small random model and PEFT random adapters on it. rpt trains adapters of its own on the same
model and saves them, alone and merged. PEFT must load what rpt wrote with no key missing or left over, and these must have the same
logits: PEFT with rpt's adapters, transformers with the merged checkpoint, rpt itself; and PEFT and rpt with PEFT's adapters. Prints
the largest differences, relative to the largest logit; exits 1 at the first that is larger than 1e-5.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import peft
import torch
import transformers
from check_checkpoints import HERE, SIZES, expect, load, logits_of, make
from safetensors.torch import load_file

TOLERANCE = 1e-5
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
# name: (family, rank, alpha, whether rank-stabilised, targets)
CASES = {
    "llama": ("llama", 8, 16, False, ALL),
    "qwen2": ("qwen2", 4, 4, False, ["k_proj", "up_proj"]),
    "qwen3": ("qwen3", 20, 32, False, ALL),
    "llama, rank-stabilised": ("llama", 8, 4, True, ALL),
}


def theirs(base, folder, rank, alpha, is_stabilised, targets):
    """Random adapters of PEFT, saved; returns the model that has them."""
    config = peft.LoraConfig(
        r=rank,
        lora_alpha=alpha,
        use_rslora=is_stabilised,
        target_modules=targets,
        task_type="CAUSAL_LM",
        init_lora_weights=False,
        lora_dropout=0.1,
    )
    torch.manual_seed(7)
    model = peft.get_peft_model(load(base), config).eval()
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data.mul_(0.2)
    model.save_pretrained(folder)
    return model


def with_ours(folder):
    """rpt's adapters on the base that they name, as PEFT loads them."""
    model = peft.AutoPeftModelForCausalLM.from_pretrained(folder).eval()
    held = peft.get_peft_model_state_dict(model)
    written = load_file(folder / "adapter_model.safetensors")
    expect(f"{folder}: names", sorted(held), sorted(written))
    for name, tensor in written.items():
        expect(f"{folder}: {name} bit for bit", torch.equal(held[name], tensor), True)
    return model


def largest(what, a, b):
    worst = ((a - b).abs().max() / a.abs().max()).item()
    if worst > TOLERANCE:
        sys.exit(f"{what}: logits differ by {worst:.2e} of the largest, expected at most {TOLERANCE}")
    return worst


def check_case(folder, name, family, rank, alpha, is_stabilised, targets):
    base, ours, other = (folder / name / part for part in ("base", "ours", "theirs"))
    make(base, family, True, "float32", False)
    ids = torch.randint(3, SIZES["vocab_size"], (3, 24), generator=torch.Generator().manual_seed(5))
    reference = logits_of(theirs(base, other, rank, alpha, is_stabilised, targets), ids)
    job = {"base": str(base), "rank": rank, "alpha": alpha, "rsLora": is_stabilised, "targets": targets}
    job["sequences"] = ids.tolist()
    job |= {"ours": str(ours), "theirs": str(other), "logits": str(folder / name / "logits.json")}
    (folder / name / "job.json").write_text(json.dumps(job))
    command = ["node", "--import", "tsx", str(HERE / "teach-adapters.ts"), str(folder / name / "job.json")]
    subprocess.run(command, check=True, cwd=HERE.parent.parent)
    found = {key: torch.tensor(rows).view(reference.shape) for key, rows in json.loads(pathlib.Path(job["logits"]).read_text()).items()}
    adapted = logits_of(with_ours(ours), ids)
    expect(f"{name}: the adapters change the logits", (adapted - logits_of(load(base), ids)).abs().max().item() > 0.1, True)
    differences = {
        "PEFT and merged": largest(f"{name}, PEFT and the merged checkpoint", adapted, logits_of(load(ours / "merged"), ids)),
        "PEFT and rpt, rpt's adapters": largest(f"{name}, PEFT and rpt with rpt's adapters", adapted, found["ours"]),
        "PEFT and rpt, PEFT's adapters": largest(f"{name}, PEFT and rpt with PEFT's adapters", reference, found["theirs"]),
    }
    size = adapted.abs().max().item()
    print(f"{name} (logits up to {size:.1f}): " + "; ".join(f"{what} {worst:.1e}" for what, worst in differences.items()))


def check(folder):
    torch.set_num_threads(1)
    for name, case in CASES.items():
        check_case(folder, name, *case)
    print(f"peft {peft.__version__}, transformers {transformers.__version__}: adapters pass both ways")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        check(pathlib.Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            check(pathlib.Path(temporary))
