"""Passes checkpoints between transformers and rpt, both ways, in every element type.

Usage: check_checkpoints.py [FOLDER]; run in a Python that has requirements-transformers.txt (transformers 4.57 will do too),
after `npm install`. FOLDER receives the checkpoints; a temporary one when absent.

transformers saves small random models (families x tied or not x element types x one file or shards); rpt loads each and scores
sequences, whose log-probabilities must be transformers' own; rpt saves each in float32, bfloat16 and float16, in one file and in
shards; transformers must load that with no key missing or left over, hold what torch's own rounding of the weights gives, bit for
bit, and compute the same logits. Prints the largest differences; exits 1 at the first failure.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
VERSION = transformers.__version__
# The name of the argument, and of the field of config.json, changed with transformers 5.
DTYPE = "dtype" if VERSION >= "5" else "torch_dtype"
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
FAMILIES = {
    "llama": (transformers.LlamaConfig, transformers.LlamaForCausalLM),
    "qwen2": (transformers.Qwen2Config, transformers.Qwen2ForCausalLM),
    "qwen3": (transformers.Qwen3Config, transformers.Qwen3ForCausalLM),
}
SIZES = dict(
    vocab_size=320,
    hidden_size=64,
    intermediate_size=96,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=16,
    max_position_embeddings=128,
    initializer_range=0.3,
    bos_token_id=1,
    eos_token_id=2,
)
TOLERANCE = 1e-4


def expect(what, seen, expected):
    if seen != expected:
        sys.exit(f"{what}: {seen!r}, expected {expected!r}")


def cases():
    """Every family, tied or not; element types and shards take turns."""
    number = 0
    for family in FAMILIES:
        for tied in (True, False):
            for dtype in DTYPES:
                number += 1
                yield f"{family}-{'tied' if tied else 'untied'}-{dtype}", family, tied, dtype, number % 2 == 0


def make(folder, family, tied, dtype, sharded):
    config_class, model_class = FAMILIES[family]
    torch.manual_seed(len(str(folder)))
    model = model_class(config_class(tie_word_embeddings=tied, **SIZES)).to(DTYPES[dtype]).eval()
    for name, parameter in model.named_parameters():
        if name.endswith(("bias", "norm.weight")):
            parameter.data.add_(0.3 * torch.randn_like(parameter))
    model.generation_config.temperature = 0.7
    model.generation_config.do_sample = True
    model.save_pretrained(folder, max_shard_size="40KB" if sharded else "5GB")
    expect(f"{folder}: shards", len(list(folder.glob("model-*.safetensors"))) > 1, sharded)
    return model


def load(folder, **options):
    model, info = transformers.AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, **options)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        expect(f"{folder}: {kind}", list(info[kind]), [])
    return model.eval()


def logits_of(model, ids):
    with torch.inference_mode():
        return model.float()(ids).logits


def resave(folder, source, ids):
    saves = [
        {"to": str(folder / f"{dtype}-{limit}"), "format": {"dtype": dtype, "maxShardBytes": limit}}
        for dtype in DTYPES
        for limit in (30_000, 5_000_000_000)
    ]
    job = {"from": str(source), "sequences": ids.tolist(), "saves": saves, "scores": str(folder / "scores.json")}
    (folder / "job.json").write_text(json.dumps(job))
    command = ["node", "--import", "tsx", str(HERE / "resave-checkpoint.ts"), str(folder / "job.json")]
    subprocess.run(command, check=True, cwd=HERE.parent.parent)
    return saves, torch.tensor(json.loads((folder / "scores.json").read_text()))


def check_saved(save, original, ids):
    """Largest difference of logits from the original's, rounded by torch."""
    folder, dtype = pathlib.Path(save["to"]), save["format"]["dtype"]
    config = json.loads((folder / "config.json").read_text())
    expect(f"{folder}: config.json", config.get("dtype", config.get("torch_dtype")), dtype)
    expect(f"{folder}: shards", len(list(folder.glob("model-*.safetensors"))) > 1, save["format"]["maxShardBytes"] < 10**6)
    model = load(folder, **{DTYPE: "auto"})
    expect(f"{folder}: dtype", model.dtype, DTYPES[dtype])
    expected = {name: tensor.to(DTYPES[dtype]) for name, tensor in original.state_dict().items()}
    expect(f"{folder}: names", sorted(model.state_dict()), sorted(expected))
    for name, tensor in model.state_dict().items():
        expect(f"{folder}: {name} bit for bit", torch.equal(tensor, expected[name]), True)
    rounded = type(original)(original.config).eval()
    rounded.load_state_dict({name: tensor.float() for name, tensor in expected.items()})
    return (logits_of(model, ids) - logits_of(rounded, ids)).abs().max().item()


def check_case(folder, name, family, tied, dtype, sharded):
    source = folder / name / "theirs"
    make(source, family, tied, dtype, sharded)
    original = load(source, **{DTYPE: torch.float32})
    ids = torch.randint(3, SIZES["vocab_size"], (3, 40), generator=torch.Generator().manual_seed(5))
    saves, scores = resave(folder / name, source, ids)
    expected = logits_of(original, ids).log_softmax(-1)[:, :-1].gather(-1, ids[:, 1:, None]).squeeze(-1)
    read = (scores - expected).abs().max().item()
    if read > TOLERANCE:
        sys.exit(f"{source}: log-probabilities differ by {read:.2e}, expected at most {TOLERANCE}")
    written = max(check_saved(save, original, ids) for save in saves)
    expect(f"{name}: logits of what rpt wrote, largest difference", written, 0.0)
    print(f"{name}{' in shards' if sharded else ''}: log-probabilities within {read:.1e}; {len(saves)} saves, logits equal")
    return read


def check(folder):
    torch.set_num_threads(1)
    worst = max(check_case(folder, *case) for case in cases())
    print(f"transformers {VERSION}: rpt reads theirs (log-probabilities within {worst:.1e}), they read ours (bit for bit)")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        check(pathlib.Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            check(pathlib.Path(temporary))
