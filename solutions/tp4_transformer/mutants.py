"""Known-wrong submissions of TP4: what each must lose and the name it must get.

They are written in another style than `checks.py` commits the same mistakes in (einsum, TensorFlow
or NumPy instead of `keras.ops`, build methods, EinsumDense), so that meeting is a proof.
"""

from __future__ import annotations

from grader.authoring import Mutant

# ------------------------------------------------------------------ styles


def heads(
    units: str = "(None, num_heads, {n})",
    bias: str = '"{axes}"',
    sizes: str = "",
    call: str = """
        q, k, v = self.query_dense(query), self.key_dense(key), self.value_dense(value)
        if mask is not None and len(mask.shape) > 2:
            mask = tf.expand_dims(mask, 1)
        swap = lambda a: tf.transpose(a, [0, 2, 1, 3])
        out, weights = scaled_dot_product_attention(swap(q), swap(k), swap(v), mask=mask)
        return self.output_dense(swap(out)), weights""",
    output: str = 'keras.layers.EinsumDense("bthv,hvd->btd", (None, d_model), bias_axes="d")',
) -> str:
    """Multi-head attention with EinsumDense, some places open."""

    def dense(n: str) -> str:
        axes = bias.format(axes="hk")
        return f'keras.layers.EinsumDense("btd,dhk->bthk", {units.format(n=n)}, bias_axes={axes})'

    return f"""
class MultiHeadAttention(keras.layers.Layer):
    def __init__(self, num_heads, key_dim, value_dim, d_model, **kwargs):
        super().__init__(**kwargs)
        {sizes or "pass"}
        self.query_dense = {dense("key_dim")}
        self.key_dense = {dense("key_dim")}
        self.value_dense = {dense("value_dim")}
        self.output_dense = {output}
        self.heads, self.d_k, self.d_v, self.d_model = num_heads, key_dim, value_dim, d_model

    def call(self, query, key, value, mask=None):{call}
"""


def flat_heads(
    split: str, merge: str, end: str = "return self.output_dense(merged), weights"
) -> str:
    """Multi-head attention with Dense, the reshapes open."""
    return f"""
class MultiHeadAttention(keras.layers.Layer):
    def __init__(self, num_heads, key_dim, value_dim, d_model, **kwargs):
        super().__init__(**kwargs)
        self.H = num_heads
        self.query_dense = keras.layers.Dense(num_heads * key_dim)
        self.key_dense = keras.layers.Dense(num_heads * key_dim)
        self.value_dense = keras.layers.Dense(num_heads * value_dim)
        self.output_dense = keras.layers.Dense(d_model)

    def split(self, x):
        b, t, n = tf.shape(x)[0], x.shape[1], x.shape[2] // self.H
        {split}

    def call(self, query, key, value, mask=None):
        q, k, v = self.query_dense(query), self.key_dense(key), self.value_dense(value)
        if mask is not None and len(mask.shape) == 3:
            mask = tf.expand_dims(mask, 1)
        heads, weights = scaled_dot_product_attention(self.split(q), self.split(k), self.split(v), mask)
        b, t, n = tf.shape(heads)[0], heads.shape[2], heads.shape[3]
        {merge}
        {end}
"""


SPLIT = "return tf.transpose(tf.reshape(x, [b, t, self.H, n]), [0, 2, 1, 3])"
MERGE = "merged = tf.reshape(tf.transpose(heads, [0, 2, 1, 3]), [b, t, self.H * n])"


def encoder(call: str, norm: str = "keras.layers.LayerNormalization(epsilon=epsilon)") -> str:
    return f"""
class EncoderLayer(keras.layers.Layer):
    def __init__(self, num_heads, d_model, d_k, d_v, d_ff, epsilon=1e-6, **kwargs):
        super().__init__(**kwargs)
        self.attention = MultiHeadAttention(num_heads, d_k, d_v, d_model)
        self.feed_forward = FeedForward(d_ff, d_model)
        self.norm1, self.norm2 = {norm}, {norm}

    def call(self, x, mask=None):
        {call}
"""


HEADS = ("heads.self", "heads.cross")
ENCODER = ("encoder.values", "encoder.mask", "encoder.match")

mutants = [
    # ---------------------------------------------------------------- positions
    Mutant(
        "pe-sin-cos-concatenated",
        "positions",
        ("positions.values",),
        code="""
def positional_encoding(length, d_model):
    rates = 1 / tf.pow(10000.0, tf.range(0, d_model, 2, dtype=tf.float32) / d_model)
    angles = tf.range(length, dtype=tf.float32)[:, tf.newaxis] * rates
    return tf.concat([tf.sin(angles), tf.cos(angles)], axis=-1)
""",
    ),
    # ---------------------------------------------------------------- heads
    Mutant(
        "scale-by-sqrt-dmodel",
        "heads",
        HEADS,
        code=heads(
            call="""
        q, k, v = self.query_dense(query), self.key_dense(key), self.value_dense(value)
        scores = tf.einsum("bthk,bshk->bhts", q, k) / tf.sqrt(float(self.d_model))
        if mask is not None:
            scores = tf.where(mask if len(mask.shape) == 2 else mask[:, None], scores, -1e9)
        weights = tf.nn.softmax(scores)
        return self.output_dense(tf.einsum("bhts,bshv->bthv", weights, v)), weights"""
        ),
    ),
    Mutant(
        "softmax-over-heads",
        "heads",
        HEADS,
        code=heads(
            call="""
        q, k, v = self.query_dense(query), self.key_dense(key), self.value_dense(value)
        scores = tf.einsum("bthk,bshk->bhts", q, k) * self.d_k**-0.5
        if mask is not None:
            scores = tf.where(mask if len(mask.shape) == 2 else mask[:, None], scores, -1e9)
        weights = tf.nn.softmax(scores, axis=1)
        return self.output_dense(tf.einsum("bhts,bshv->bthv", weights, v)), weights"""
        ),
    ),
    Mutant(
        "merge-heads-without-transpose",
        "heads",
        HEADS,
        code=flat_heads(SPLIT, "merged = tf.reshape(heads, [b, t, self.H * n])"),
    ),
    Mutant(
        "head-interleave",
        "heads",
        HEADS,
        code=flat_heads("return tf.einsum('btnh->bhtn', tf.reshape(x, [b, t, n, self.H]))", MERGE),
    ),
    Mutant(
        "no-output-projection",
        "heads",
        HEADS,
        code=flat_heads(SPLIT, MERGE, "return merged, weights"),
    ),
    Mutant(
        "no-bias",
        "heads",
        HEADS,
        code=heads(
            bias="None", output='keras.layers.EinsumDense("bthv,hvd->btd", (None, d_model))'
        ),
    ),
    Mutant(
        "qk-swapped",
        "heads",
        HEADS,
        code=heads(
            call="""
        k, q, v = self.query_dense(key), self.key_dense(query), self.value_dense(value)
        if mask is not None and len(mask.shape) > 2:
            mask = tf.expand_dims(mask, 1)
        swap = lambda a: tf.transpose(a, [0, 2, 1, 3])
        out, weights = scaled_dot_product_attention(swap(q), swap(k), swap(v), mask=mask)
        return self.output_dense(swap(out)), weights"""
        ),
    ),
    Mutant("key-dim-is-d-model", "heads", HEADS, code=heads(sizes="key_dim = value_dim = d_model")),
    # ---------------------------------------------------------------- norm, feed-forward
    Mutant(
        "eps-outside-sqrt",
        "norm",
        ("norm.values",),
        code="""
def layer_norm(x, gamma, beta, epsilon):
    return (x - ops.mean(x, -1, keepdims=True)) / (ops.std(x, -1, keepdims=True) + epsilon) * gamma + beta
""",
    ),
    Mutant(
        "ff-no-relu",
        "feed_forward",
        ("feed_forward.values",),
        code="""
class FeedForward(keras.layers.Layer):
    def __init__(self, d_ff, d_model, **kwargs):
        super().__init__(**kwargs)
        self.d_ff, self.d_model = d_ff, d_model

    def build(self, shape):
        self.inner = keras.layers.Dense(self.d_ff)
        self.outer = keras.layers.Dense(self.d_model)

    def call(self, x):
        return self.outer(self.inner(x))
""",
    ),
    # ---------------------------------------------------------------- encoder
    Mutant(
        "pre-norm-for-post-norm",
        "encoder",
        ENCODER,
        code=encoder("""h = self.norm1(x)
        x += self.attention(h, h, h, mask)[0]
        return x + self.feed_forward(self.norm2(x))"""),
    ),
    Mutant(
        "wrong-eps",
        "encoder",
        ENCODER,
        code=encoder(
            """x = self.norm1(x + self.attention(x, x, x, mask)[0])
        return self.norm2(x + self.feed_forward(x))""",
            norm="keras.layers.LayerNormalization(axis=-1)",
        ),
    ),
    Mutant(
        "missing-residual",
        "encoder",
        ENCODER,
        code=encoder("""h = self.norm1(self.attention(x, x, x, mask)[0])
        return self.norm2(self.feed_forward(h))"""),
    ),
    # ---------------------------------------------------------------- decoder
    Mutant(
        "cross-attention-on-self",
        "decoder",
        ("decoder.values",),
        code="""
class DecoderLayer(keras.layers.Layer):
    def __init__(self, num_heads, d_model, d_k, d_v, d_ff, epsilon=1e-6, **kwargs):
        super().__init__(**kwargs)
        self.self_attention = MultiHeadAttention(num_heads, d_k, d_v, d_model)
        self.cross_attention = MultiHeadAttention(num_heads, d_k, d_v, d_model)
        self.feed_forward = FeedForward(d_ff, d_model)
        for i in (1, 2, 3):
            setattr(self, f"norm{i}", keras.layers.LayerNormalization(epsilon=epsilon))

    def call(self, x, memory, mask=None, memory_mask=None):
        h = self.norm1(self.self_attention(x, x, x, mask)[0] + x)
        h = self.norm2(self.cross_attention(h, h, h, mask)[0] + h)
        return self.norm3(self.feed_forward(h) + h)
""",
    ),
    # ---------------------------------------------------------------- transformer
    Mutant(
        "layers-shared",
        "transformer",
        ("transformer.logits", "transformer.padding"),
        edits=[
            (
                "self.encoder_layers = [EncoderLayer(*sizes) for _ in range(num_layers)]\n"
                "        self.decoder_layers = [DecoderLayer(*sizes) for _ in range(num_layers)]",
                "one, other = EncoderLayer(*sizes), DecoderLayer(*sizes)\n"
                "        self.encoder_layers = [one for _ in range(num_layers)]\n"
                "        self.decoder_layers = [other for _ in range(num_layers)]",
            )
        ],
    ),
    Mutant(
        "no-sqrt-d-embedding-scale",
        "transformer",
        ("transformer.logits", "transformer.padding"),
        edits=[
            (
                "vectors = embedding(tokens) * math.sqrt(self.d_model)\n"
                "        return vectors + positional_encoding(tokens.shape[1], self.d_model)",
                "table = ops.convert_to_tensor(positional_encoding(tokens.shape[1], self.d_model))\n"
                "        return ops.add(embedding(tokens), ops.expand_dims(table, 0))",
            )
        ],
    ),
    Mutant(
        "no-causal-mask",
        "transformer",
        ("transformer.logits", "transformer.padding", "transformer.causal"),
        edits=[
            (
                "past = causal_mask(target.shape[1])",
                "past = np.ones((target.shape[1], target.shape[1]), bool)",
            )
        ],
    ),
    # ---------------------------------------------------------------- counting
    Mutant(
        "count-no-output-bias",
        "counting",
        ("counting.lecture", "counting.sizes"),
        edits=[("output = (d_model + 1) * vocab_size", "output = d_model * vocab_size")],
    ),
    Mutant(
        "count-two-norms-in-decoder",
        "counting",
        ("counting.lecture", "counting.sizes"),
        edits=[("3 * norm", "2 * norm")],
    ),
    Mutant(
        "count-total-shared-embedding",
        "questions",
        ("q_total",),
        named="",
        answers={"q_total": 44_168_221},
    ),
    # ---------------------------------------------------------------- decoding
    Mutant(
        "top-k-without-renormalisation",
        "top_k",
        ("top_k.distribution",),
        code="""
def top_k_sample(logits, k, rng):
    p = tf.nn.softmax(tf.cast(logits, tf.float64)).numpy()
    threshold = np.sort(p)[-k]
    p = np.where(p >= threshold, p, 0)
    u, total = rng.uniform(), 0.0
    for token, share in enumerate(p):
        total += share
        if u < total:
            return token
    return token
""",
    ),
    Mutant(
        "beam-search-equal-to-greedy",
        "beam",
        ("beam.tokens",),
        code="""
def beam_search(next_logits, start, end, max_length, beam_width):
    beams = [([start], 0.0)] * beam_width
    while beams[0][0][-1] != end and len(beams[0][0]) < max_length:
        grown = []
        for tokens, score in beams:
            log_p = tf.nn.log_softmax(tf.cast(next_logits(tokens), tf.float64)).numpy()
            best = int(log_p.argmax())
            grown.append((tokens + [best], score + log_p[best]))
        beams = sorted(grown, key=lambda b: b[1], reverse=True)[:beam_width]
    return beams[0][0]
""",
    ),
    # ---------------------------------------------------------------- training
    Mutant(
        "target-not-shifted",
        "shift",
        ("shift.values",),
        code="""
def teacher_forcing(target):
    return target[..., :-1], target[..., : target.shape[-1] - 1]
""",
    ),
]
