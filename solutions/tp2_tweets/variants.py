"""Correct submissions of TP2, written differently."""

from grader.authoring import Variant

variants = [
    Variant(
        "functional",
        "a functional model, layers in one line each",
        code={
            "model": """
def build_model(vocab_size, embedding_size=64, units=256, name=None):
    ids = keras.Input(shape=(None,), dtype="int64")
    x = keras.layers.Embedding(vocab_size, embedding_size, name="embedding")(ids)
    x = keras.layers.LSTM(units, return_sequences=True, name="lstm")(x)
    return keras.Model(ids, keras.layers.Dense(vocab_size, name="logits")(x), name=name)
"""
        },
    ),
    Variant(
        "subclassed",
        "a subclassed model, built by hand",
        code={
            "model": """
class CharacterModel(keras.Model):
    def __init__(self, vocab_size, embedding_size, units):
        super().__init__()
        self.embedding = keras.layers.Embedding(vocab_size, embedding_size)
        self.lstm = keras.layers.LSTM(units, return_sequences=True)
        self.logits = keras.layers.Dense(vocab_size)

    def call(self, ids):
        return self.logits(self.lstm(self.embedding(ids)))


def build_model(vocab_size, embedding_size=64, units=256):
    model = CharacterModel(vocab_size, embedding_size, units)
    model(np.zeros((1, 2), "int32"))
    return model
"""
        },
    ),
    Variant(
        "cell-and-time-distributed",
        "RNN over an LSTM cell, added one by one",
        code={
            "model": """
def build_model(vocab_size, embedding_size=64, units=256):
    model = keras.Sequential()
    model.add(keras.layers.Embedding(vocab_size, embedding_size, name="embedding"))
    model.add(keras.layers.RNN(keras.layers.LSTMCell(units), return_sequences=True, name="lstm"))
    model.add(keras.layers.Dense(vocab_size, activation="linear", name="logits"))
    model.build((None, None))
    return model
"""
        },
    ),
    Variant(
        "plain-loops",
        "loops and lists where NumPy would do",
        code={
            "vocabulary": """
def build_vocabulary(texts: list) -> list:
    seen = set()
    for text in texts:
        for c in text:
            seen.add(c)
    return ["␀", "\\ufffd", "\\n"] + [c for c in sorted(seen) if c not in "␀\\ufffd\\n"]
""",
            "encode": """
def encode(text, vocabulary):
    table = dict(zip(vocabulary, range(len(vocabulary))))
    ids = []
    for c in text:
        ids.append(table[c] if c in table else 1)
    return np.asarray(ids, dtype=np.int32)

def decode(ids, vocabulary):
    text = ""
    for i in np.asarray(ids, dtype=int):
        text = text + vocabulary[i]
    return text
""",
            "split": """
def split_by_date(dates, texts, test_fraction=0.1):
    pairs = sorted(zip(dates, range(len(texts))))
    ordered = [texts[i] for _, i in pairs]
    n = int(len(ordered) * (1 - test_fraction) + 0.5)
    return ordered[:n], ordered[n:]
""",
            "windows": """
def make_windows(ids, length):
    x, y = [], []
    for start in range(0, len(ids) - length, length):
        x.append(ids[start : start + length])
        y.append(ids[start + 1 : start + length + 1])
    return np.array(x), np.array(y)
""",
        },
    ),
    Variant(
        "tensorflow-windows",
        "windows as tensors",
        code={
            "windows": """
def make_windows(ids, length):
    n = (len(ids) - 1) // length
    ids = tf.convert_to_tensor(ids)
    return tf.reshape(ids[: n * length], (n, length)), tf.reshape(ids[1 : n * length + 1], (n, length))
"""
        },
    ),
    Variant(
        "model-counts",
        "counts the parameters of a built model",
        code={
            "parameters": """
def lstm_lm_parameters(vocab_size, embedding_size, units):
    gate = embedding_size * units + units * units + units
    total = 0
    for part in (vocab_size * embedding_size, 4 * gate, units * vocab_size, vocab_size):
        total += part
    return np.int64(total)
"""
        },
    ),
    Variant(
        "keras-loss",
        "Keras' own loss with a class left out, changed to bits",
        code={
            "bits": """
def bits_per_character(model, ids):
    logits = model(ids[:, :-1], training=False)
    nats = keras.losses.sparse_categorical_crossentropy(ids[:, 1:], logits, from_logits=True)
    mask = keras.ops.cast(ids[:, 1:] != PAD_ID, "float32")
    return keras.ops.sum(nats * mask) / keras.ops.sum(mask) / np.log(2)
"""
        },
    ),
    Variant(
        "row-by-row",
        "each row alone, cut at its padding",
        code={
            "bits": """
def bits_per_character(model, ids, verbose=False):
    total = count = 0
    for row in np.asarray(ids):
        row = row[row != 0]
        p = tf.nn.softmax(model(row[None, :-1])[0]).numpy()
        total += np.log2(p[np.arange(len(row) - 1), row[1:]]).sum()
        count += len(row) - 1
    return -total / count
"""
        },
    ),
    Variant(
        "power-of-probabilities",
        "probabilities to the power 1/T, normalised again: the same thing",
        code={
            "temperature": """
def temperature_probabilities(logits, temperature):
    temperature = float(temperature)
    if math.isnan(temperature) or temperature < 0:
        raise ValueError("temperature must be 0 or more")
    logits = np.asarray(logits, "float64")
    if temperature == 0:
        return np.eye(len(logits))[np.argmax(logits)]
    log_p = logits - np.logaddexp.reduce(logits)
    p = np.exp(log_p - log_p.max()) ** (1 / temperature)
    return p / p.sum()
""",
            "beta": """
def beta_probabilities(logits, beta):
    if beta != beta or beta < 0:
        raise ValueError(beta)
    return temperature_probabilities(logits, 1 / beta if beta else float("inf"))
""",
        },
    ),
    Variant(
        "keras-ops",
        "softmax of keras.ops, in single precision",
        code={
            "temperature": """
def temperature_probabilities(logits, temperature):
    if not (temperature >= 0):
        raise ValueError("no")
    z = keras.ops.cast(logits, "float32")
    if temperature == 0:
        return keras.ops.one_hot(keras.ops.argmax(z), z.shape[0])
    return keras.ops.softmax(z / temperature)
""",
            "sample": """
def sample_next(logits, temperature, rng):
    p = np.asarray(temperature_probabilities(logits, temperature), "float64")
    return rng.choice(len(p), p=p / p.sum())
""",
            "top_k": """
def top_k_probabilities(logits, k):
    assert_k = int(k)
    if assert_k <= 0:
        raise ValueError("k")
    values, places = keras.ops.top_k(np.asarray(logits, "float32"), min(assert_k, len(logits)))
    return keras.ops.scatter(places[:, None], keras.ops.softmax(values), (len(logits),))
""",
            "top_p": """
def top_p_probabilities(logits, p):
    if not 0 < p <= 1:
        raise ValueError("p")
    q = np.asarray(temperature_probabilities(logits, 1.0), "float64")
    kept, weight = [], 0.0
    for i in np.argsort(-q):
        if weight >= p:
            break
        kept.append(i)
        weight += q[i]
    out = np.zeros(len(q))
    out[kept] = q[kept]
    return out / out.sum()
""",
        },
    ),
    Variant(
        "gumbel",
        "the Gumbel-max trick",
        code={
            "sample": """
def sample_next(logits, temperature, rng):
    logits = np.asarray(logits, dtype=np.float64)
    if temperature == 0:
        return int(logits.argmax())
    return int(np.argmax(logits / temperature + rng.gumbel(size=logits.shape)))
"""
        },
    ),
    Variant(
        "inverse-distribution-function",
        "one uniform number and the cumulative sum",
        code={
            "sample": """
def sample_next(logits, temperature, rng):
    cumulative = np.cumsum(temperature_probabilities(logits, temperature))
    return int(min(np.searchsorted(cumulative, rng.random(), side="right"), len(logits) - 1))
""",
            "top_k": """
def top_k_probabilities(logits, k):
    if k < 1:
        raise ValueError("k is too small")
    z = np.array(logits, dtype=float)
    k = min(k, z.size)
    z[z < np.sort(z)[-k]] = -np.inf
    return temperature_probabilities(z, 1)
""",
        },
    ),
    Variant(
        "rereads-everything",
        "no state: the whole context is read again for each symbol",
        code={
            "generate": """
def generate(model, prompt, length, temperature, seed, vocabulary):
    rng = np.random.default_rng(seed)

    @tf.function(input_signature=[tf.TensorSpec((1, None), "int32")])
    def last(ids):
        return model(ids)[0, -1]

    ids = [END_ID] + list(encode(prompt, vocabulary))
    start = len(ids)
    for _ in range(length):
        logits = last(tf.constant([ids], "int32")).numpy()
        ids.append(int(sample_next(logits, temperature, rng)))
    return prompt + decode(ids[start:], vocabulary)
"""
        },
    ),
    Variant(
        "cell-by-hand",
        "the LSTM cell called directly, eagerly",
        code={
            "generate": """
def generate(model, prompt, length, temperature, seed, vocabulary):
    rng = np.random.default_rng(seed)
    embedding, lstm, dense = (model.get_layer(n) for n in ("embedding", "lstm", "logits"))
    h = c = tf.zeros((1, lstm.cell.units))
    out = ""
    todo = [END_ID] + [int(i) for i in encode(prompt, vocabulary)]
    for i in todo:
        _, (h, c) = lstm.cell(embedding(np.array([i])), [h, c])
    for _ in range(length):
        i = int(sample_next(dense(h)[0].numpy(), temperature, rng))
        out += vocabulary[i]
        _, (h, c) = lstm.cell(embedding(np.array([i])), [h, c])
    return prompt + out
"""
        },
    ),
    Variant(
        "masked-and-dropout",
        "PAD is masked, and dropout is there while training",
        code={
            "model": """
def build_model(vocab_size, embedding_size=64, units=256):
    return keras.Sequential([
        keras.Input((None,), dtype="int32"),
        keras.layers.Embedding(vocab_size, embedding_size, mask_zero=True, name="embedding"),
        keras.layers.LSTM(units, return_sequences=True, dropout=0.1, name="lstm"),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(vocab_size, name="logits"),
    ])
"""
        },
    ),
    Variant(
        "numpy-network",
        "the whole network worked out in NumPy from its weights; the seed goes elsewhere",
        code={
            "generate": """
def generate(model, prompt, length, temperature, seed, vocabulary):
    import random

    chance = random.Random(seed)
    E, W, R, b, D, d = model.get_weights()
    sigmoid = lambda x: 1 / (1 + np.exp(-x))
    h, c = np.zeros(R.shape[0]), np.zeros(R.shape[0])

    def read(i, h, c):
        gates = E[i] @ W + h @ R + b
        i, f, g, o = np.split(gates, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c

    table = {s: i for i, s in enumerate(vocabulary)}
    h, c = read(END_ID, h, c)
    for letter in prompt:
        h, c = read(table.get(letter, UNKNOWN_ID), h, c)
    written = []
    while len(written) < length:
        p = temperature_probabilities(h @ D + d, temperature)
        (i,) = chance.choices(range(len(p)), weights=np.asarray(p).tolist())
        written.append(vocabulary[i])
        h, c = read(i, h, c)
    return prompt + "".join(written)
"""
        },
    ),
    Variant(
        "time-distributed",
        "the output layer is wrapped",
        edits={
            "model": [
                (
                    'keras.layers.Dense(vocab_size, name="logits")',
                    'keras.layers.TimeDistributed(keras.layers.Dense(vocab_size), name="logits")',
                )
            ]
        },
    ),
    Variant(
        "train-share-first",
        "the share of the training part, rounded down",
        code={
            "split": """
def split_by_date(dates, texts, test_fraction=0.1):
    _, ordered = zip(*sorted(zip(dates, texts), key=lambda pair: pair[0]))
    cut = int(len(ordered) * (1 - test_fraction))
    return list(ordered[:cut]), list(ordered[cut:])
"""
        },
    ),
    Variant(
        "french-answers",
        "answers in French, written out",
        answers={"q_initial_loss": "4,54", "q3": "plusieurs à plusieurs", "q4": "Diminuer", "q4b": "Augmenter."},
    ),
    Variant(
        "many-to-one",
        "only the last output is used while generating: also accepted",
        answers={"q3": "Many-to-one", "q4": "decrease", "q4b": "increase", "q_initial_loss": 4.543},
    ),
]
