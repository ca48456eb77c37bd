"""Known-wrong submissions of TP2, written in other ways than the misconceptions they must be told."""

from grader.authoring import Mutant

SOFTMAX = """
def temperature_probabilities(logits, temperature):
    if temperature < 0 or temperature != temperature:
        raise ValueError("temperature")
    z = np.array(logits, dtype=float)
    if temperature == 0:
        out = np.zeros_like(z)
        out[z.argmax()] = 1
        return out
    {body}
"""


def temperature(body: str) -> str:
    return SOFTMAX.format(body=body.strip().replace("\n", "\n    "))


GENERATE = """
def generate(model, prompt, length, temperature, seed, vocabulary):
    rng = np.random.default_rng(seed)
    step = stepper(model)
    state = None
    logits, state = step(END_ID, state)
    for character in prompt:
        logits, state = step(int(encode(character, vocabulary)[0]), state)
    text = prompt
    for _ in range(length):
        new = sample_next(logits, temperature, rng)
        text += decode([new], vocabulary)
        logits, state = step(new, state)
    return text
"""

VALUES_AND_LIMITS = ("temperature.values", "temperature.limits")
BITS = ("bits.value", "bits.padding")
GENERATED = ("generate.text", "generate.fresh", "generate.distribution")

mutants = [
    # ---------------------------------------------------------------- text and numbers
    Mutant(
        "vocabulary-unsorted",
        "vocabulary",
        loses=("vocabulary.symbols",),
        code="""
def build_vocabulary(texts):
    found = [PAD, UNKNOWN, END]
    for text in texts:
        for character in text:
            if character not in found:
                found.append(character)
    return found
""",
    ),
    Mutant(
        "no-special-symbols",
        "vocabulary",
        loses=("vocabulary.symbols",),
        code="def build_vocabulary(texts):\n    return sorted({c for t in texts for c in t if c != '\\n'})\n",
    ),
    Mutant(
        "end-twice",
        "vocabulary",
        loses=("vocabulary.symbols",),
        code="def build_vocabulary(texts):\n    letters = {c for t in texts for c in t}\n    return [PAD, '\\ufffd', '\\n'] + sorted(letters)\n",
    ),
    Mutant(
        "unknown-dropped",
        "encode",
        loses=("encode.ids",),
        edits=[("for c in text]", "for c in text if c in vocabulary]")],
    ),
    Mutant(
        "unknown-raises",
        "encode",
        loses=("encode.ids", "generate.text"),
        edits=[("number.get(c, UNKNOWN_ID)", "number.__getitem__(c)")],
    ),
    Mutant(
        "unknown-is-padding",
        "encode",
        loses=("encode.ids",),
        edits=[("number.get(c, UNKNOWN_ID)", "number[c] if c in number else 0")],
    ),
    Mutant(
        "overlapping-train-test",
        "split",
        loses=("split.newest",),
        code="""
def split_by_date(dates, texts, test_fraction=0.1):
    pairs = sorted(zip(dates, texts))
    ordered = [text for _, text in pairs]
    return ordered, ordered[-int(round(len(ordered) * test_fraction)):]
""",
    ),
    Mutant(
        "oldest-held-out",
        "split",
        loses=("split.newest",),
        edits=[
            (
                "return in_order[: len(texts) - held_out], in_order[len(texts) - held_out :]",
                "return in_order[held_out:], in_order[0:held_out]",
            )
        ],
    ),
    Mutant(
        "not-sorted-by-date",
        "split",
        loses=("split.newest",),
        code="""
def split_by_date(dates, texts, test_fraction=0.1):
    cut = len(texts) - round(len(texts) * test_fraction)
    return texts[:cut], texts[cut:]
""",
    ),
    Mutant(
        "shuffled-split",
        "split",
        loses=("split.newest",),
        named="",
        edits=[('np.argsort(dates, kind="stable")', "np.random.default_rng(0).permutation(len(dates))")],
    ),
    Mutant(
        "target-not-shifted",
        "windows",
        loses=("windows.shift", "windows.count"),
        code="""
def make_windows(ids, length):
    n = (len(ids) - 1) // length
    x = np.stack([ids[i * length : (i + 1) * length] for i in range(n)])
    return x, x.copy()
""",
    ),
    Mutant(
        "inputs-and-targets-swapped",
        "windows",
        loses=("windows.shift", "windows.count"),
        code="""
def make_windows(ids, length):
    n = (len(ids) - 1) // length
    y = np.stack([ids[i * length : (i + 1) * length] for i in range(n)])
    x = np.stack([ids[i * length + 1 : (i + 1) * length + 1] for i in range(n)])
    return x, y
""",
    ),
    Mutant(
        "shift-by-two",
        "windows",
        loses=("windows.shift", "windows.count"),
        code="""
def make_windows(ids, length):
    x, y = ids[:-2], ids[2:]
    n = len(x) // length
    return np.reshape(x[: n * length], (-1, length)), np.reshape(y[: n * length], (-1, length))
""",
    ),
    Mutant(
        "last-target-wrong",
        "windows",
        loses=("windows.shift", "windows.count"),
        code="""
def make_windows(ids, length):
    n = (len(ids) - 1) // length
    x = ids[: n * length].reshape(n, length)
    return x, np.concatenate([x[:, 1:], x[:, :1]], axis=1)
""",
    ),
    Mutant(
        "one-window-short",
        "windows",
        loses=("windows.shift", "windows.count"),
        edits=[("(len(ids) - 1) // length", "(len(ids) - 1 - length) // length")],
    ),
    Mutant(
        "overlapping-windows",
        "windows",
        loses=("windows.shift", "windows.count"),
        code="""
def make_windows(ids, length):
    view = np.lib.stride_tricks.sliding_window_view(ids, length)
    return view[:-1], view[1:]
""",
    ),
    # ---------------------------------------------------------------- the model
    *(
        Mutant(name, "parameters", loses=("parameters.count",), code=f"def lstm_lm_parameters(vocab_size, embedding_size, units):\n    V, E, U = vocab_size, embedding_size, units\n    return {formula}\n")
        for name, formula in {
            "one-gate": "V * E + U * (E + U + 1) + U * V + V",
            "three-gates": "V * E + 3 * (E * U + U * U + U) + U * V + V",
            "two-biases": "V * E + 4 * (E * U + U * U + 2 * U) + U * V + V",
            "lstm-no-bias": "V * E + 4 * (E + U) * U + U * V + V",
            "state-not-read": "V * E + 4 * (E * U + U) + U * V + V",
            "no-output-bias": "V * (E + U) + 4 * U * (E + U + 1)",
            "no-embedding": "4 * U * (E + U + 1) + V * (U + 1)",
        }.items()
    ),
    Mutant(
        "return-sequences-false",
        "model",
        loses=("model.logits", *BITS),
        edits=[("units, return_sequences=True", "units")],
    ),
    Mutant(
        "softmax-and-from-logits",
        "model",
        loses=("model.logits",),
        code="""
def build_model(vocab_size, embedding_size=64, units=256):
    ids = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(vocab_size, embedding_size, name="embedding")(ids)
    x = keras.layers.LSTM(units, return_sequences=True, name="lstm")(x)
    return keras.Model(ids, keras.layers.Dense(vocab_size, "softmax", name="logits")(x))
""",
    ),
    Mutant(
        "reads-backwards",
        "model",
        loses=("model.logits",),
        edits=[("keras.layers.LSTM(units,", "keras.layers.LSTM(units, go_backwards=True,")],
    ),
    Mutant(
        "sees-the-future",
        "model",
        loses=("model.logits", "training.bits"),
        retrain=("language_model",),
        code="""
every_window = make_windows


def make_windows(ids, length):  # a short training is enough to show it
    inputs, targets = every_window(ids, length)
    return inputs[:1024], targets[:1024]


def build_model(vocab_size, embedding_size=64, units=256):
    ids = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(vocab_size, embedding_size, name="embedding")(ids)
    x = keras.layers.LSTM(units, return_sequences=True, go_backwards=True, name="lstm")(x)
    return keras.Model(ids, keras.layers.Dense(vocab_size, name="logits")(x))
""",
    ),
    Mutant(
        "default-sizes",
        "model",
        loses=("model.logits", "model.parameters"),
        edits=[("    return keras.Sequential(", "    embedding_size, units = 64, 256\n    return keras.Sequential(")],
    ),
    Mutant(
        "nats-reported-as-bits",
        "bits",
        loses=BITS,
        code="""
def bits_per_character(model, ids):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0, reduction="sum")
    total = float(loss(ids[:, 1:], model(ids[:, :-1])))
    return total / float((ids[:, 1:] != 0).sum())
""",
    ),
    Mutant(
        "multiplied-by-ln2",
        "bits",
        loses=BITS,
        edits=[("float(-log_p[real].mean() / math.log(2))", "-math.log(2) * float(log_p[real].mean())")],
    ),
    Mutant(
        "pad-mask-noop",
        "bits",
        loses=("bits.padding",),
        code="""
def bits_per_character(model, ids):
    log_p = tf.nn.log_softmax(model(ids[:, :-1])).numpy()
    targets = ids[:, 1:]
    picked = np.take_along_axis(log_p, targets[..., None], 2)[..., 0]
    picked = np.ma.array(picked, mask=targets < 0)
    return float(-picked.mean() / np.log(2))
""",
    ),
    Mutant(
        "mask-of-the-inputs",
        "bits",
        loses=("bits.padding",),
        code="""
def bits_per_character(model, ids):
    x, y = ids[:, :-1], ids[:, 1:]
    nats = keras.losses.sparse_categorical_crossentropy(y, model(x), from_logits=True)
    return float(tf.reduce_mean(nats[x != PAD_ID])) / math.log(2)
""",
    ),
    Mutant(
        "end-not-counted",
        "bits",
        loses=BITS,
        edits=[("log_p[real].mean()", "log_p[targets > END_ID].mean()")],
    ),
    Mutant("sum-not-mean", "bits", loses=BITS, edits=[("log_p[real].mean()", "(log_p * real).sum()")]),
    Mutant("sign-forgotten", "bits", loses=BITS, edits=[("float(-log_p[real].mean() / math.log(2))", "float(log_p[real].mean()) / math.log(2)")]),
    Mutant(
        "padding-in-denominator",
        "bits",
        loses=("bits.padding",),
        edits=[("log_p[real].mean()", "(log_p * real).mean()")],
    ),
    Mutant(
        "mean-of-row-means",
        "bits",
        loses=("bits.padding",),
        edits=[("log_p[real].mean()", "((log_p * real).sum(1) / real.sum(1)).mean()")],
    ),
    Mutant(
        "bits-target-not-shifted",
        "bits",
        loses=BITS,
        edits=[("targets = ids[:, 1:]", "targets = ids[:, :-1].copy()")],
    ),
    # ---------------------------------------------------------------- drawing text
    Mutant(
        "temperature-multiplied",
        "temperature",
        loses=("temperature.values",),
        code=temperature("""
if temperature == float("inf"):
    return np.full(len(z), 1 / len(z))
e = np.exp(temperature * z - (temperature * z).max())
return e / e.sum()
"""),
    ),
    Mutant(
        "temperature-on-probabilities-no-log",
        "temperature",
        loses=VALUES_AND_LIMITS,
        code=temperature("""
p = tf.nn.softmax(z).numpy()
return tf.nn.softmax(p / temperature).numpy()
"""),
    ),
    Mutant(
        "temperature-after-softmax-not-renormalised",
        "temperature",
        loses=VALUES_AND_LIMITS,
        code=temperature("""
p = tf.nn.softmax(z).numpy()
return np.power(p, 1.0 / temperature)
"""),
    ),
    Mutant(
        "probabilities-divided",
        "temperature",
        loses=VALUES_AND_LIMITS,
        code=temperature("return tf.nn.softmax(z).numpy() / temperature"),
    ),
    Mutant(
        "temperature-ignored",
        "temperature",
        loses=VALUES_AND_LIMITS,
        code=temperature("return tf.nn.softmax(z).numpy()"),
    ),
    Mutant(
        "zero-temperature-divides",
        "temperature",
        loses=("temperature.limits",),
        code="""
def temperature_probabilities(logits, temperature):
    if math.isnan(temperature) or temperature < 0:
        raise ValueError("temperature")
    z = np.float64(logits)
    with np.errstate(all="ignore"):
        return tf.nn.softmax((z - np.max(z)) / np.float64(temperature)).numpy()
""",
    ),
    Mutant(
        "bad-temperature-accepted",
        "temperature",
        loses=("temperature.limits",),
        edits=[('        raise ValueError(f"temperature {temperature}: 0 or more is needed")', "        pass")],
    ),
    Mutant(
        "nan-temperature-accepted",
        "temperature",
        loses=("temperature.limits",),
        edits=[("if not temperature >= 0:", "if -temperature > 0:")],
    ),
    Mutant(
        "exp-overflow",
        "temperature",
        loses=("temperature.limits",),
        code=temperature("""
with np.errstate(all="ignore"):
    e = math.e ** (z / temperature)
    return e / np.sum(e)
"""),
    ),
    Mutant(
        "beta-divides",
        "beta",
        loses=("beta.values",),
        code="""
def beta_probabilities(logits, beta):
    if not beta >= 0:
        raise ValueError("beta")
    return temperature_probabilities(logits, beta)
""",
    ),
    Mutant(
        "literal-power",
        "beta",
        loses=("beta.values",),
        code="""
def beta_probabilities(logits, beta):
    if not beta >= 0:
        raise ValueError("beta")
    z = np.float64(logits)
    with np.errstate(all="ignore"):
        e = np.exp(np.power(z, beta))
    return e / e.sum()
""",
    ),
    Mutant("bad-beta-accepted", "beta", loses=("beta.values",), edits=[("        raise ValueError(f\"beta {beta}: 0 or more is needed\")", "        beta = beta")]),
    Mutant("nan-beta-accepted", "beta", loses=("beta.values",), edits=[("if not beta >= 0:", "if 0 > beta:")]),
    Mutant(
        "argmax-not-sample",
        "sample",
        loses=("sample.distribution", "sample.chance", "generate.seed"),
        code="def sample_next(logits, temperature, rng):\n    return int(max(range(len(logits)), key=lambda i: float(logits[i])))\n",
    ),
    Mutant(
        "uniform-draw",
        "sample",
        loses=("sample.distribution", "sample.cold"),
        code="def sample_next(logits, temperature, rng):\n    return int(rng.integers(0, len(logits)))\n",
    ),
    Mutant(
        "draws-without-temperature",
        "sample",
        loses=("sample.distribution", "sample.cold", "generate.text", "generate.fresh"),
        code="""
def sample_next(logits, temperature, rng):
    return int(np.argmax(np.float64(logits) + rng.gumbel(size=len(logits))))
""",
    ),
    Mutant(
        "rng-ignored",
        "sample",
        loses=("sample.chance",),
        code="""
def sample_next(logits, temperature, rng):
    p = temperature_probabilities(logits, temperature)
    return int(np.random.multinomial(1, p / p.sum()).argmax())
""",
    ),
    Mutant(
        "same-draw-each-time",
        "sample",
        loses=("sample.distribution", "sample.chance", "generate.seed"),
        code="""
def sample_next(logits, temperature, rng):
    p = temperature_probabilities(logits, temperature)
    rng = np.random.default_rng(0)
    return int(rng.choice(np.arange(p.size), p=p))
""",
    ),
    Mutant(
        "top-k-without-renormalisation",
        "top_k",
        loses=("top_k.values",),
        code="""
def top_k_probabilities(logits, k):
    if k < 1:
        raise ValueError("k")
    p = tf.nn.softmax(np.float64(logits)).numpy()
    return np.where(p >= np.sort(p)[-min(k, len(p))], p, 0)
""",
    ),
    Mutant("bottom-k", "top_k", loses=("top_k.values",), edits=[("p[np.argsort(-p)[k:]] = 0.0", "p[np.argsort(p)[k:]] = 0.0")]),
    Mutant("k-plus-one", "top_k", loses=("top_k.values",), edits=[("np.argsort(-p)[k:]", "np.argsort(p)[::-1][k + 1:]")]),
    Mutant(
        "dropped-logits-to-zero",
        "top_k",
        loses=("top_k.values",),
        code="""
def top_k_probabilities(logits, k):
    if k < 1:
        raise ValueError("k")
    limit = np.sort(logits)[-min(k, len(logits))]
    return tf.nn.softmax(np.float64(logits) * (np.asarray(logits) >= limit)).numpy()
""",
    ),
    Mutant(
        "bad-k-accepted",
        "top_k",
        loses=("top_k.limits",),
        edits=[("    if k < 1:\n        raise ValueError(f\"k = {k}: at least 1 is needed\")\n", "    k = int(k)\n"), ("return p / p.sum()", "total = p.sum()\n    return p / total if total else p")],
    ),
    Mutant(
        "state-not-reset",
        "generate",
        loses=("generate.text", "generate.fresh"),
        code=GENERATE.replace("    state = None\n", "    state = getattr(generate, 'states', {}).get(id(model))\n").replace(
            "    return text", "    generate.states = {id(model): state}\n    return text"
        ),
    ),
    Mutant(
        "state-not-carried",
        "generate",
        loses=("generate.text", "generate.fresh"),
        code=GENERATE.replace("vocabulary)[0]), state)", "vocabulary)[0]), None)").replace("step(new, state)", "step(new, None)"),
    ),
    Mutant(
        "seed-ignored",
        "generate",
        loses=("generate.seed",),
        code=GENERATE.replace("default_rng(seed)", "default_rng(time.perf_counter_ns())"),
    ),
    Mutant(
        "seed-fixed",
        "generate",
        loses=("generate.seed",),
        code=GENERATE.replace("default_rng(seed)", "default_rng(42)"),
    ),
    Mutant(
        "seed-at-every-step",
        "generate",
        loses=("generate.distribution",),
        code=GENERATE.replace("        new =", "        rng = np.random.default_rng(seed)\n        new ="),
    ),
    Mutant("end-not-read", "generate", loses=("generate.text", "generate.fresh"), code=GENERATE.replace("    logits, state = step(END_ID, state)\n", "    if not prompt:\n        logits, state = step(END_ID, state)\n")),
    Mutant("prompt-not-returned", "generate", loses=("generate.text", "generate.fresh"), code=GENERATE.replace("text = prompt", "text = ''")),
    Mutant("only-last-of-prompt", "generate", loses=("generate.text", "generate.fresh"), code=GENERATE.replace("    logits, state = step(END_ID, state)\n", "").replace("for character in prompt:", "for character in ('\\n' + prompt)[-1]:")),
    Mutant(
        "generates-without-temperature",
        "generate",
        loses=GENERATED,
        code=GENERATE.replace("sample_next(logits, temperature, rng)", "sample_next(logits, 1, rng)"),
    ),
    Mutant(
        "stops-at-end",
        "generate",
        loses=("generate.text", "generate.fresh"),
        code=GENERATE.replace("        text +=", "        if vocabulary[new] == END:\n            return text\n        text +="),
    ),
    Mutant(
        "last-symbol-read-twice",
        "generate",
        loses=("generate.text", "generate.fresh"),
        code="""
def generate(model, prompt, length, temperature, seed, vocabulary):
    rng, step, state = np.random.default_rng(seed), stepper(model), None
    ids = [END_ID] + encode(prompt, vocabulary).tolist()
    for i in ids:
        _, state = step(i, state)
    for _ in range(length):
        logits, state = step(ids[-1], state)
        ids.append(sample_next(logits, temperature, rng))
    return prompt + decode(ids[len(ids) - length :], vocabulary)
""",
    ),
    Mutant(
        "one-symbol-short",
        "generate",
        loses=("generate.text", "generate.fresh", "generate.distribution"),
        code=GENERATE.replace("range(length)", "range(1, length)"),
    ),
    Mutant(
        "greedy-generation",
        "generate",
        loses=("generate.seed", "generate.distribution"),
        code=GENERATE.replace("sample_next(logits, temperature, rng)", "sample_next(logits, 0, rng)"),
    ),
    Mutant(
        "drawn-symbol-not-fed-back",
        "generate",
        loses=("generate.text", "generate.fresh"),
        code=GENERATE.replace("step(new, state)", "step(END_ID, state)"),
    ),
    Mutant(
        "top-p-without-renormalisation",
        "top_p",
        loses=("top_p.values",),
        edits=[("return probabilities / probabilities.sum()", "return 1.0 * probabilities")],
    ),
    Mutant(
        "top-p-one-short",
        "top_p",
        loses=("top_p.values",),
        code="""
def top_p_probabilities(logits, p):
    if not 0 < p <= 1:
        raise ValueError("p")
    q = tf.nn.softmax(np.float64(logits)).numpy()
    kept, weight = [], 0.0
    for i in np.argsort(-q):
        if kept and weight + q[i] > p + 1e-12:
            break
        kept.append(i)
        weight += q[i]
    out = np.zeros_like(q)
    out[kept] = q[kept] / q[kept].sum()
    return out
""",
    ),
    # ---------------------------------------------------------------- questions
    Mutant("beta-taken-for-temperature", "questions", loses=("q4", "q4b"), answers={"q4": "raise", "q4b": "lower"}, named=""),
    Mutant("loss-in-bits", "questions", loses=("q_initial_loss",), answers={"q_initial_loss": 6.55}, named=""),
    Mutant("one-to-many", "questions", loses=("q3",), answers={"q3": "one-to-many"}, named=""),
]
