"""Trains small tokenizers with the reference library and writes what it makes of many lines.

    pip install -r scripts/parity/tokenizer-requirements.txt
    python scripts/parity/make_tokenizer_dumps.py

Writes test/parity/tokenizers/: chat-templates.json.gz (templates, messages and what transformers makes of them),
lines.json.gz (the lines), <name>.tokenizer.json.gz, and <name>.ids.json.gz with, per
line, ids without a start token: `text` (every added token in angle brackets or flagged special taken out of the
tokenizer), `markup` (all added tokens there), `prompt` (the tokenizer as it is). The first two without the space that a
tokenizer may put before text; a line of the last two is null where it equals the one before. normal-forms.json.gz has, per
form, the SHA-256 of the text that `every_character` becomes.
"""

import gzip
import hashlib
import json
import pathlib
import random
import re

import tokenizers
import transformers
from chat_templates import make_cases
from tokenizer_lines import SPECIAL, make_lines
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

OUT = pathlib.Path(__file__).resolve().parents[2] / "test" / "parity" / "tokenizers"

QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA3 = QWEN2.replace(r"\p{N}|", r"\p{N}{1,3}|")


def byte_level(lines, pattern, vocabulary):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


def qwen2(lines):
    tokenizer = byte_level(lines, QWEN2, 3000)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    markup = ["<think>", "</think>", "<tool_call>"]
    tokenizer.add_tokens([AddedToken(name, normalized=False, special=False) for name in markup])
    return json.loads(tokenizer.to_str())


def llama3(lines):
    tokenizer = byte_level(lines, LLAMA3, 2500)
    tokenizer.add_special_tokens(["<|begin_of_text|>", "<|eot_id|>"])
    start = ("<|begin_of_text|>", tokenizer.token_to_id("<|begin_of_text|>"))
    template = processors.TemplateProcessing(
        single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A $B", special_tokens=[start]
    )
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    data = json.loads(tokenizer.to_str())
    # Words that no merges make: only `ignore_merges` finds them.
    rng = random.Random(1)
    data["model"]["merges"] = [merge for merge in data["model"]["merges"] if rng.random() > 0.03]
    data["model"]["ignore_merges"] = True
    return data


def smollm2(lines):
    """Digits apart, and the splits that ByteLevel makes by itself."""
    tokenizer = byte_level(lines, QWEN2, 1200)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]
    )
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    return json.loads(tokenizer.to_str())


def divided(data):
    """The same vocabulary with a Metaspace pre-tokenizer that divides words."""
    space = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True}
    return {**data, "normalizer": None, "pre_tokenizer": space}


def byte_fallback(lines, vocabulary):
    """A vocabulary as SentencePiece would have it: bytes first, U+2581 for a space, characters that are not rare."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("\u2581*[^\u2581]*"), "isolated")
    names = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=names, limit_alphabet=600, max_token_length=16, show_progress=False
    )
    tokenizer.train_from_iterator(lines, trainer)
    data = json.loads(tokenizer.to_str())
    data["added_tokens"] = [token for token in data["added_tokens"] if token["id"] < 3]
    data["decoder"] = {
        "type": "Sequence",
        "decoders": [
            {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
            {"type": "ByteFallback"},
            {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        ],
    }
    template = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    shell = Tokenizer(models.BPE())
    shell.post_processor = template
    data["post_processor"] = json.loads(shell.to_str())["post_processor"]
    return data


def llama2(data):
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}
    normalizer = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"}, replace]}
    return {**data, "normalizer": normalizer, "pre_tokenizer": None}


def mistral(data):
    """The same vocabulary with a Metaspace pre-tokenizer, and control tokens."""
    control = [
        {**data["added_tokens"][0], "id": len(data["model"]["vocab"]) + i, "content": content}
        for i, content in enumerate(["[INST]", "[/INST]", "<think>"])
    ]
    space = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": False}
    return {**data, "normalizer": None, "pre_tokenizer": space, "added_tokens": data["added_tokens"] + control}


def without_first_space(data):
    data = json.loads(json.dumps(data))
    if data["normalizer"] and data["normalizer"]["type"] == "Sequence":
        data["normalizer"]["normalizers"] = [n for n in data["normalizer"]["normalizers"] if n["type"] != "Prepend"]
    if data["pre_tokenizer"] and data["pre_tokenizer"]["type"] == "Metaspace":
        data["pre_tokenizer"]["prepend_scheme"] = "never"
    return data


def without_markup(data):
    is_text = lambda token: not (token["special"] or re.fullmatch(r"<.+>", token["content"], re.S))
    return {**data, "added_tokens": [token for token in data["added_tokens"] if is_text(token)]}


def encode(data, lines):
    tokenizer = Tokenizer.from_str(json.dumps(data))
    return [encoding.ids for encoding in tokenizer.encode_batch(lines, add_special_tokens=False)]


def every_character():
    """Every code point between two marks, the second of which belongs before the first."""
    points = [point for point in range(1, 0x110000) if not 0xD800 <= point < 0xE000]
    return "".join(f"x\u0345{chr(point)}\u0334" for point in points)


def normal_forms():
    forms = {"NFC": normalizers.NFC(), "NFD": normalizers.NFD(), "NFKC": normalizers.NFKC(), "NFKD": normalizers.NFKD()}
    text = every_character()
    return {name: hashlib.sha256(form.normalize_str(text).encode()).hexdigest() for name, form in forms.items()}


def changes(before, after):
    return [new if new != old else None for old, new in zip(before, after)]


def write(name, value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # No time stamp, so that the bytes follow from the content.
    (OUT / f"{name}.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def main():
    versions = (tokenizers.__version__, transformers.__version__)
    assert versions == ("0.23.3", "5.23.0"), versions
    OUT.mkdir(parents=True, exist_ok=True)
    lines = make_lines(0)
    # Names of special tokens are no words of their own.
    names = [name for name in SPECIAL if len(name) > 2]
    training = [line for line in make_lines(1) if not any(name in line for name in names)]
    fallback = byte_fallback(training, 2600)
    made = {
        "qwen2": qwen2(training),
        "llama3": llama3(training),
        "llama2": llama2(fallback),
        "mistral": mistral(fallback),
        "divided": divided(fallback),
        "smollm2": smollm2(training),
    }
    write("lines", lines)
    write("chat-templates", make_cases())
    write("normal-forms", normal_forms())
    for name, data in made.items():
        plain = without_first_space(data)
        text = encode(without_markup(plain), lines)
        markup = encode(plain, lines)
        prompt = encode(data, lines)
        write(f"{name}.tokenizer", data)
        ids = {"text": text, "markup": changes(text, markup), "prompt": changes(markup, prompt)}
        write(f"{name}.ids", ids)
        print(name, len(lines), "lines,", sum(map(len, text)), "tokens")


if __name__ == "__main__":
    main()
