"""The lines that tokenizers are compared on: seeded, of many kinds, none taken from a corpus."""

import random
import unicodedata

# Ranges of letters that are written in lines of their own: six scripts and more.
SCRIPTS = {
    "latin": [(0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x17F), (0x1E00, 0x1EFF)],
    "greek": [(0x386, 0x3CE), (0x1F00, 0x1F15)],
    "cyrillic": [(0x400, 0x45F), (0x48A, 0x4FF)],
    "hebrew and arabic": [(0x5D0, 0x5EA), (0x5B0, 0x5BC), (0x620, 0x64A), (0x64B, 0x652), (0x660, 0x669)],
    "devanagari and bengali": [(0x905, 0x939), (0x93E, 0x94D), (0x966, 0x96F), (0x985, 0x9B9), (0x9BE, 0x9CD)],
    "thai, georgian, armenian": [(0xE01, 0xE3A), (0xE40, 0xE4E), (0x10D0, 0x10FF), (0x531, 0x556), (0x561, 0x587)],
    "han": [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x20100), (0xF900, 0xFA6D)],
    "kana": [(0x3041, 0x3096), (0x3099, 0x309E), (0x30A1, 0x30FE), (0xFF66, 0xFF9D)],
    "hangul": [(0xAC00, 0xD7A3), (0x1100, 0x1112), (0x1161, 0x1175), (0x11A8, 0x11C2)],
}

# Words of everyday text, by language.
WORDS = {
    "en": "the rain had stopped before noon and nobody thought of it again until evening came".split(),
    "de": "Über die Straße läuft größer schöner Mädchen weiß außerdem König für möglich Äpfel".split(),
    "fr": "où l'été naît déjà près du garçon œuvre c'est-à-dire français très vieille forêt".split(),
    "es": "mañana el niño comió qué corazón también ¿cuándo? ¡vaya! pingüino señor árbol".split(),
    "pl": "źródło żółw łąka część gęś śnieg mógł książka dziękuję zażółć".split(),
    "tr": "İstanbul ışık çocuk güneş şimdi değil öğrenci ığdır".split(),
    "vi": "nước đường người tiếng được những trời thuở ấy không".split(),
    "el": "καλημέρα θάλασσα ήλιος πώς ώρα χθες μικρός".split(),
    "ru": "погода сегодня ещё хорошая девочка читает книгу съёмка объект".split(),
    "uk": "її ґрунт мовою сьогодні щастя їжак п'ять".split(),
    "he": "שלום בוקר טוב ספר ילדה קוראת היום".split(),
    "ar": "مرحبا كتاب البنت تقرأ اليوم جميل ١٢٣ مدرسة".split(),
    "hi": "नमस्ते आज मौसम अच्छा है लड़की किताब पढ़ती क्षत्रिय १२३".split(),
    "th": "สวัสดี วันนี้ อากาศ ดี เด็ก อ่าน หนังสือ น้ำ".split(),
    "ja": "今日は 天気が いい です 本を 読む カタカナ ﾊﾝｶｸ 東京、 大阪。".split(),
    "ko": "안녕하세요 오늘 날씨가 좋아요 책을 읽는 아이".split(),
    "zh": "今天 天气 很好, 孩子 在 读书。 “引号” 一二三 ２０２４年".split(),
}

SPACES = [" ", "  ", "   ", "\t", "\n", "\r\n", "\r", "\u00a0", "\u2003", "\u2009", "\u202f", "\u3000", "\u2028",
          "\u2029", "\u0085", "\u000b", "\u000c", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u1680", "\u180e",
          "\u001c", "\u001f", " " * 7, " " * 16, "\t\t\t", "\n\n\n", " \n \n", "\n  \n\t", "\u00a0\u00a0"]
MARKS = ["\u0300", "\u0301", "\u0302", "\u0303", "\u0308", "\u030a", "\u0323", "\u0327", "\u0328", "\u0338", "\u0345",
         "\u3099", "\u05bc", "\u0651", "\u093c", "\u1ab0", "\u20d7", "\ufe0f", "\U0001d165"]
EMOJI = ["\U0001f600", "\U0001f44d\U0001f3fd", "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
         "\U0001f1e9\U0001f1ea", "\U0001f1ef\U0001f1f5", "\u2764\ufe0f", "\u2764\ufe0f\u200d\U0001f525", "1\ufe0f\u20e3",
         "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "\U0001f9d1\U0001f3ff\u200d\U0001f4bb",
         "\u2603", "\u00a9", "\u2122", "\U0001fae0", "\U0001f937\U0001f3fb\u200d\u2640\ufe0f"]
NUMBERS = ["0", "7", "42", "1234", "1234567", "3.14159", "1,000,000", "1e-9", "0x1F", "٣٤٥", "४२", "①②③", "Ⅷ", "½", "x²",
           "2024-05-06", "12:34:56", "৪৫৬৭", "１２３４", "\U0001d7d8\U0001d7d9", "3rd", "10%", "$5", "€9.99", "-1", "+2", "一万"]
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>", "<tool_call>", "<s>", "</s>", "<unk>",
           "<0x41>", "<0x0A>", "<|begin_of_text|>", "<|eot_id|>", "[INST]", "<pad>", "<", "<|", "|>", "<think", "think>",
           "<think >", "<THINK>", "\u2581", "\u2581word", "\u0120the", "\u010a"]
CONTRACTIONS = ["don't", "I'm", "we'll", "they've", "it's", "he'd", "you're", "DON'T", "I'M", "WE'LL", "IT'S", "o'clock",
                "'tis", "rock'n'roll", "'s", "'S", "'ſ", "it’s", "l'été", "d'\u00e9", "''", "'''", "'ll'", "'re2"]
CODE = [
    "for (let {a} = 0; {a} < {n}; ++{a}) {{\n\t{b}[{a}] += {n}.0e-{n};\n}}",
    "def {a}({b}: int = {n}) -> str:\n    return f\"{{{b}!r:>{n}}}\"  # {c}",
    "SELECT {a}, COUNT(*) FROM {b} WHERE {c} >= '{n}' GROUP BY 1;",
    "#include <{a}.h>\r\nint main(void)\r\n{{\r\n    return {n} ? 0x{n}u : ~{b}->{c};\r\n}}",
    "{a} := {b}.Map(func(x int) int {{ return x<<{n} | 0b101 }})",
    "<div class=\"{a}-{b}\" id='{c}{n}'>&nbsp;&#{n};</div>",
    "{{\"{a}\": [{n}, null, true], \"{b}\": {{\"{c}\": \"\\u00e9\\n\"}}}}",
    "$ git commit -m \"{a}: {b}\" && ./{c}.sh --{a}={n} | tee /tmp/{b}_{n}.log 2>&1",
    "        if self._{a} is not None and len({b}) != {n}:",
    "\t\t\t{a}::<{b}>({c}?)..={n}",
    "@{a}(\"{b}\")\n\n\nclass {c}{n}({a}.{b}): pass\n\n",
    "/* {a} */   x = y   ;    // {b}      {c}",
]
LATEX = [
    "Let ${a}$ be a positive integer such that ${a}^{{{n}}} + {m}{a} \\equiv {n} \\pmod{{{m}}}$. Find all ${a}$.",
    "\\[ \\sum_{{k=1}}^{{n}} \\frac{{{n}k^2 - {m}}}{{\\sqrt{{{a}_k + {m}}}}} \\le \\boxed{{{n}}} \\]",
    "Suppose that $f: \\mathbb{{R}} \\to \\mathbb{{R}}$ satisfies $f({a}+{b}) = f({a})f({b}) - {n}$ for all ${a}, {b}$.",
    "$\\triangle ABC$ has $\\angle A = {n}^\\circ$, $\\overline{{AB}} = {m}\\sqrt{{{n}}}$; $\\left(\\frac{{{a}}}{{{b}}}\\right)^{{-{n}}}$.",
    "\\begin{{align*}}\n  {a}_{{i+1}} &= {m}{a}_i + \\lfloor {b}/{n} \\rfloor \\\\\n  {b} &> \\text{{ if }} i < {n}.\n\\end{{align*}}",
    "Thus the answer is $\\boxed{{\\dfrac{{{n}}}{{{m}}}}}$.\n\n**Solution 2.** By AM-GM, ${a}{b} \\leq {n}$, hence\\quad ${m}!$",
    "$$\\int_0^{{{n}}} e^{{-{a}^2}}\\,d{a} \\approx {n}.{m} \\cdot 10^{{-{m}}}, \\qquad \\forall {a} \\in \\{{1,\\ldots,{n}\\}}$$",
    "({n} points) Compute $\\gcd({n}, {m}) \\times \\binom{{{n}}}{{{m}}}$ \\emph{{without}} a calculator.  Answer: ${n}/{m}$",
]
# Characters of Unicode 17, which the reference library's tables end before, and compositions newer than Unicode 12.
NEWER = ["\ua7ce", "\ua7d2", "\U00010940", "\U00010945", "\U00011de3", "\U000323b5", "\U0001e6c1", "\u1ad0", "\u20c1",
         "\U0001f6d8", "\ufbc5", "\U00018d81", "\U0002b73a", "\u0cdc"]
COMPOSED = ["\U000105d2\u0307", "\U00011935\U00011930", "\U00016129\U0001611f", "\U0001611e\U0001611e\U00016120",
            "\U00016d63\U00016d67\U00016d67", "\U000113c2\U000113c2", "\U00011938", "\U000105c9", "\U00016126",
            "\U0010fffe", "a\u0323\u0301\u0307"]
IDENTIFIERS = ["x", "value", "i", "camelCase", "snake_case", "HTTPServer", "n0", "_private", "alpha", "theta", "data2"]


def script_line(rng, ranges):
    words = []
    for _ in range(rng.randint(1, 6)):
        low, high = rng.choice(ranges)
        words.append("".join(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 7))))
    return rng.choice([" ", " ", "", ", ", "-"]).join(words)


def filled(rng, template):
    names = rng.sample(IDENTIFIERS, 3)
    return template.format(a=names[0], b=names[1], c=names[2], n=rng.randint(1, 2025), m=rng.randint(2, 99))


def language_line(rng):
    words = WORDS[rng.choice(sorted(WORDS))]
    line = [rng.choice(words) for _ in range(rng.randint(2, 9))]
    if rng.random() < 0.2:
        line = [word.upper() if rng.random() < 0.5 else word.capitalize() for word in line]
    return " ".join(line) + rng.choice(["", ".", "!", "...", " ?", ";\n", "…"])


def mixed_line(rng, pieces, others):
    return "".join(rng.choice(pieces) + rng.choice(others) for _ in range(rng.randint(1, 5)))


def any_code_point(rng):
    """Any scalar value that Unicode 13 assigns: later ones differ between implementations by their age alone."""
    while True:
        point = rng.choice([rng.randint(0, 0x2FFF), rng.randint(0, 0x1FFFF)])
        if unicodedata.category(chr(point)) not in ("Cs", "Cn"):
            return chr(point)


def make_lines(seed=0):
    """At least 5,000 lines; the same for a seed."""
    rng = random.Random(seed)
    everyday = sum((WORDS[name] for name in sorted(WORDS)), [])
    small = ["a", "the", " b", "Zz ", ".", "9", "", "é", "中", "_"]
    lines = []
    for name in SCRIPTS:
        lines += [script_line(rng, SCRIPTS[name]) for _ in range(150)]
    lines += [language_line(rng) for _ in range(950)]
    lines += [filled(rng, rng.choice(CODE)) for _ in range(400)]
    lines += [filled(rng, rng.choice(LATEX)) for _ in range(450)]
    lines += [mixed_line(rng, EMOJI, small + EMOJI) for _ in range(250)]
    lines += [mixed_line(rng, SPACES, small + SPACES + ["word"]) for _ in range(450)]
    marked = [rng.choice("aeiouAnsgZ가かक") + "".join(rng.sample(MARKS, rng.randint(1, 3))) for _ in range(200)]
    lines += [mixed_line(rng, marked, small) for _ in range(250)]
    lines += [unicodedata.normalize(rng.choice(["NFD", "NFC", "NFKD"]), language_line(rng)) for _ in range(250)]
    lines += [mixed_line(rng, NUMBERS, ["", " ", ",", "a", " x ", "\n"] + NUMBERS) for _ in range(250)]
    lines += [mixed_line(rng, CONTRACTIONS, ["", " ", "\n", "1", "a"]) for _ in range(200)]
    lines += [mixed_line(rng, SPECIAL, ["", " ", "  ", "text", "\n", "é"] + SPECIAL) for _ in range(400)]
    lines += ["".join(any_code_point(rng) for _ in range(rng.randint(1, 8))) for _ in range(250)]
    lines += [mixed_line(rng, everyday, SPACES + NUMBERS + EMOJI + SPECIAL) for _ in range(250)]
    lines += [mixed_line(rng, NEWER + COMPOSED, small + NEWER) for _ in range(150)]
    lines += ["", " ", "\n", "a", "\x00", "\x00\x01\x7f", "\ufffd", "\ufeff", "aaaa" * 40, " " * 300, "\n" * 200,
              "1" * 250, "中" * 200, "!" * 250, "\u0301" * 30, "a\u0301" * 40, "ab " * 80, "<think>" * 9]
    return lines
