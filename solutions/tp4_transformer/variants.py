"""Correct submissions of TP4, written in other ways: each must get full marks."""

from __future__ import annotations

from grader.authoring import Variant

EINSUM_ATTENTION = """
def scaled_dot_product_attention(q, k, v, mask=None):
    scores = tf.einsum("...td,...sd->...ts", q, k) / tf.sqrt(tf.cast(tf.shape(k)[-1], q.dtype))
    if mask is not None:
        scores = tf.where(mask, scores, tf.constant(-np.inf, scores.dtype))
    weights = tf.nn.softmax(scores)
    return tf.einsum("...ts,...sv->...tv", weights, v), weights
"""

ADDED_MASK = """
def scaled_dot_product_attention(queries, keys, values, mask=None, verbose=False):
    d_k = float(keys.shape[-1])
    logits = ops.einsum("...td,...sd->...ts", queries * d_k**-0.5, keys)
    if mask is not None:
        logits += (1.0 - ops.cast(mask, logits.dtype)) * -1e9
    if verbose:
        print(logits.shape)
    shifted = ops.exp(logits - ops.max(logits, axis=-1, keepdims=True))
    attention = shifted / ops.sum(shifted, axis=-1, keepdims=True)
    return ops.matmul(attention, values), attention
"""

LOG_SUM_EXP = """
@tf.function(jit_compile=True)
def scaled_dot_product_attention(q, k, v, mask=None):
    scores = tf.matmul(q, k, transpose_b=True) / tf.sqrt(tf.cast(tf.shape(k)[-1], q.dtype))
    if mask is not None:
        scores = tf.where(mask, scores, -1e9)
    weights = tf.exp(scores - tf.reduce_logsumexp(scores, axis=-1, keepdims=True))
    return tf.matmul(weights, v), weights
"""

FLOAT64_ATTENTION = """
def scaled_dot_product_attention(q, k, v, mask=None):
    q, k, v = (ops.cast(x, "float64") for x in (q, k, v))
    scores = q @ ops.moveaxis(k, -1, -2) / q.shape[-1] ** 0.5
    if mask is not None:
        scores = ops.where(ops.cast(mask, bool), scores, -1e30)
    weights = keras.activations.softmax(scores)
    return weights @ v, weights
"""

EINSUM_DENSE = """
class MultiHeadAttention(keras.layers.Layer):
    def __init__(self, num_heads, key_dim, value_dim, d_model, dropout=0.1, **kwargs):
        super().__init__(**kwargs)
        project = lambda n: keras.layers.EinsumDense(
            "btd,dhk->bhtk", (num_heads, None, n), bias_axes="hk"
        )
        self.query_dense, self.key_dense = project(key_dim), project(key_dim)
        self.value_dense = project(value_dim)
        self.output_dense = keras.layers.EinsumDense("bhtv,hvd->btd", (None, d_model), bias_axes="d")
        self.dropout = keras.layers.Dropout(dropout)

    def call(self, query, key, value, attention_mask=None, training=False):
        q, k, v = self.query_dense(query), self.key_dense(key), self.value_dense(value)
        if attention_mask is not None:
            attention_mask = ops.convert_to_tensor(attention_mask)
            if ops.ndim(attention_mask) == 3:
                attention_mask = ops.expand_dims(attention_mask, 1)
        out, weights = scaled_dot_product_attention(q, k, v, attention_mask)
        return self.output_dense(self.dropout(out, training=training)), weights
"""

A_LAYER_A_HEAD = '''
class MultiHeadAttention(keras.layers.Layer):
    def __init__(self, num_heads, key_dim, value_dim, d_model, **kwargs):
        super().__init__(**kwargs)
        self.query_dense = [keras.layers.Dense(key_dim) for _ in range(num_heads)]
        self.key_dense = [keras.layers.Dense(key_dim) for _ in range(num_heads)]
        self.value_dense = [keras.layers.Dense(value_dim) for _ in range(num_heads)]
        self.output_dense = keras.layers.Dense(d_model)

    def call(self, query, key, value, attention_mask=None):
        """One head after the other."""
        outputs, weights = [], []
        for to_q, to_k, to_v in zip(self.query_dense, self.key_dense, self.value_dense):
            o, w = scaled_dot_product_attention(to_q(query), to_k(key), to_v(value), attention_mask)
            outputs.append(o)
            weights.append(w)
        return self.output_dense(ops.concatenate(outputs, axis=-1)), ops.stack(weights, axis=1)
'''

FUSED = """
class MultiHeadAttention(keras.layers.Layer):
    def __init__(self, num_heads, key_dim, value_dim, d_model, **kwargs):
        super().__init__(**kwargs)
        self.h, self.sizes = num_heads, (key_dim, key_dim, value_dim)
        self.qkv_dense = keras.layers.Dense(num_heads * (2 * key_dim + value_dim))
        self.output_dense = keras.layers.Dense(d_model)

    def call(self, query, key, value, attention_mask=None):
        parts, start = [], 0
        for x, size in zip((query, key, value), self.sizes):
            part = self.qkv_dense(x)[..., start : start + self.h * size]
            parts.append(tf.stack(tf.split(part, self.h, axis=-1), axis=1))
            start += self.h * size
        if attention_mask is not None and attention_mask.ndim == 3:
            attention_mask = attention_mask[:, tf.newaxis]
        out, weights = scaled_dot_product_attention(*parts, attention_mask)
        return self.output_dense(tf.concat(tf.unstack(out, axis=1), axis=-1)), weights
"""

MADE_IN_BUILD = """
class MultiHeadAttention(keras.layers.Layer):
    def __init__(self, num_heads, key_dim, value_dim, d_model, **kwargs):
        super().__init__(**kwargs)
        self.num_heads, self.key_dim, self.value_dim, self.d_model = num_heads, key_dim, value_dim, d_model

    def build(self, query_shape, key_shape=None, value_shape=None):
        self.query_dense = keras.layers.Dense(self.num_heads * self.key_dim)
        self.key_dense = keras.layers.Dense(self.num_heads * self.key_dim)
        self.value_dense = keras.layers.Dense(self.num_heads * self.value_dim)
        self.output_dense = keras.layers.Dense(self.d_model)
        for dense in (self.query_dense, self.key_dense, self.value_dense):
            dense.build(query_shape)
        self.output_dense.build((*query_shape[:-1], self.num_heads * self.value_dim))

    def call(self, query, key, value, attention_mask=None):
        B, T, S = ops.shape(query)[0], ops.shape(query)[1], ops.shape(key)[1]
        heads = lambda x, n, d: ops.swapaxes(ops.reshape(x, (B, n, self.num_heads, d)), 1, 2)
        mask = attention_mask
        if mask is not None:
            mask = ops.broadcast_to(mask, (B, T, S))[:, None]
        out, weights = scaled_dot_product_attention(
            heads(self.query_dense(query), T, self.key_dim),
            heads(self.key_dense(key), S, self.key_dim),
            heads(self.value_dense(value), S, self.value_dim),
            mask=mask,
        )
        out = ops.reshape(ops.swapaxes(out, 1, 2), (B, T, self.num_heads * self.value_dim))
        return [self.output_dense(out), weights]
"""

variants = [
    Variant("einsum-minus-infinity", "einsum, TensorFlow, hidden scores −∞", code={"attention": EINSUM_ATTENTION}),
    Variant("mask-added", "mask added as −1e9, softmax by hand, other argument names", code={"attention": ADDED_MASK}),
    Variant("log-sum-exp-under-xla", "exp(s - log Σ exp s), compiled", code={"attention": LOG_SUM_EXP}),
    Variant("float64-attention", "computes in float64", code={"attention": FLOAT64_ATTENTION}),
    Variant("einsum-dense", "EinsumDense projections, dropout, a training argument", code={"heads": EINSUM_DENSE}),
    Variant("a-layer-a-head", "lists of one Dense a head", code={"heads": A_LAYER_A_HEAD}),
    Variant("fused-qkv", "one Dense for queries, keys and values", code={"heads": FUSED}),
    Variant("made-in-build", "sub-layers made in build(); a list returned", code={"heads": MADE_IN_BUILD}),
    Variant(
        "masks-and-positions-in-tensorflow",
        "band_part as floats, cast in the attention; positions by a formula for all columns",
        code={
            "masks": '''
def causal_mask(length):
    return tf.linalg.band_part(tf.ones((length, length)), -1, 0)
''',
            "attention": '''
def scaled_dot_product_attention(q, k, v, mask=None):
    scores = tf.matmul(q, k, transpose_b=True) / np.sqrt(k.shape[-1])
    if mask is not None:
        visible = tf.cast(mask, tf.bool)
        scores = tf.where(visible, scores, -1e9)
    weights = tf.nn.softmax(scores, axis=-1)
    return tf.matmul(weights, v), weights
''',
            "positions": '''
def positional_encoding(length, d_model):
    pos = tf.range(length, dtype=tf.float32)[:, tf.newaxis]
    i = tf.range(d_model)
    rate = tf.exp(-math.log(10000.0) * tf.cast(2 * (i // 2), tf.float32) / d_model)
    return tf.where(i % 2 == 0, tf.sin(pos * rate), tf.cos(pos * rate))
''',
        },
    ),
    Variant(
        "python-loops",
        "Python loops for mask and positions",
        code={
            "masks": "def causal_mask(length):\n    return np.array([[j <= i for j in range(length)] for i in range(length)])\n",
            "positions": '''
def positional_encoding(length: int, d_model: int, base: float = 10_000.0) -> np.ndarray:
    table = np.empty((length, d_model))
    for t in range(length):
        for i in range(d_model // 2):
            angle = t / base ** (2 * i / d_model)
            table[t, 2 * i], table[t, 2 * i + 1] = math.sin(angle), math.cos(angle)
    return table.astype(np.float32)
''',
        },
    ),
    Variant(
        "norm-in-numpy-style",
        "variance by the difference of squares, keras.ops.std avoided",
        code={
            "norm": '''
def layer_norm(x, gamma, beta, epsilon):
    mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)
'''
        },
    ),
    Variant(
        "own-normalisation-layer",
        "a layer of the student's own, on the student's own layer_norm",
        code={
            "encoder": '''
class Norm(keras.layers.Layer):
    def __init__(self, epsilon):
        super().__init__()
        self.epsilon = epsilon

    def build(self, shape):
        self.gamma = self.add_weight(shape=(shape[-1],), initializer="ones", name="scale")
        self.beta = self.add_weight(shape=(shape[-1],), initializer="zeros", name="shift")

    def call(self, x):
        return layer_norm(x, self.gamma, self.beta, self.epsilon)


class EncoderLayer(keras.layers.Layer):
    def __init__(self, num_heads, d_model, d_k, d_v, d_ff, epsilon=1e-6, **kwargs):
        super().__init__(**kwargs)
        self.attention = MultiHeadAttention(
            num_heads=num_heads, key_dim=d_k, value_dim=d_v, d_model=d_model
        )
        self.feed_forward = FeedForward(d_ff=d_ff, d_model=d_model)
        self.norm1, self.norm2 = Norm(epsilon), Norm(epsilon)

    def call(self, x, attention_mask=None, training=None):
        x = self.norm1(x + self.attention(x, x, x, attention_mask=attention_mask)[0])
        return self.norm2(x + self.feed_forward(x))
'''
        },
    ),
    Variant(
        "feed-forward-sequential",
        "inner and outer inside a Sequential, ReLU as a function",
        code={
            "feed_forward": '''
class FeedForward(keras.layers.Layer):
    def __init__(self, d_ff, d_model, **kwargs):
        super().__init__(**kwargs)
        self.inner = keras.layers.Dense(d_ff, kernel_initializer="he_normal")
        self.outer = keras.layers.Dense(d_model)
        self.relu = keras.layers.ReLU()
        self.chain = [self.inner, self.relu, self.outer]

    def call(self, x):
        for layer in self.chain:
            x = layer(x)
        return x
'''
        },
    ),
    Variant(
        "decoder-with-dropout",
        "dropout, keras.layers.Add, other local names",
        code={
            "decoder": '''
class DecoderLayer(keras.layers.Layer):
    def __init__(self, num_heads, d_model, d_k, d_v, d_ff, epsilon=1e-6, rate=0.1, **kwargs):
        super().__init__(**kwargs)
        self.norm3 = keras.layers.LayerNormalization(epsilon=epsilon)
        self.norm2 = keras.layers.LayerNormalization(epsilon=epsilon)
        self.norm1 = keras.layers.LayerNormalization(epsilon=epsilon)
        self.feed_forward = FeedForward(d_ff, d_model)
        self.cross_attention = MultiHeadAttention(num_heads, d_k, d_v, d_model)
        self.self_attention = MultiHeadAttention(num_heads, d_k, d_v, d_model)
        self.drop = keras.layers.Dropout(rate)
        self.add = keras.layers.Add()

    def call(self, target, encoded, self_mask=None, cross_mask=None):
        after, _ = self.self_attention(target, target, target, self_mask)
        target = self.norm1(self.add([target, self.drop(after)]))
        after, _ = self.cross_attention(target, encoded, encoded, cross_mask)
        target = self.norm2(self.add([target, self.drop(after)]))
        return self.norm3(self.add([target, self.drop(self.feed_forward(target))]))
'''
        },
    ),
    Variant(
        "transformer-factory",
        "a function that returns the model; masks made of both rules; positions kept as a constant",
        code={
            "transformer": '''
class Net(keras.Model):
    def __init__(self, num_layers, num_heads, d_model, d_k, d_v, d_ff, vocab_size, epsilon):
        super().__init__(name="net")
        self.scale = d_model**0.5
        self.source_embedding = keras.layers.Embedding(vocab_size, d_model)
        self.target_embedding = keras.layers.Embedding(vocab_size, d_model)
        self.encoder_layers, self.decoder_layers = [], []
        for _ in range(num_layers):
            self.encoder_layers.append(EncoderLayer(num_heads, d_model, d_k, d_v, d_ff, epsilon))
            self.decoder_layers.append(DecoderLayer(num_heads, d_model, d_k, d_v, d_ff, epsilon))
        self.output_dense = keras.layers.Dense(vocab_size, name="scores")
        self.table = tf.constant(positional_encoding(64, d_model))

    def encode(self, source):
        x = self.source_embedding(source) * self.scale + self.table[: source.shape[1]]
        for layer in self.encoder_layers:
            x = layer(x, padding_mask(source))
        return x

    def decode(self, target, memory, source):
        y = self.target_embedding(target) * self.scale + self.table[: target.shape[1]]
        past = tf.cast(causal_mask(target.shape[1]), tf.bool)
        visible = past & (padding_mask(target) | tf.eye(target.shape[1], dtype=tf.bool))
        for layer in self.decoder_layers:
            y = layer(y, memory, visible, padding_mask(source))
        return self.output_dense(y)

    def call(self, inputs, training=None):
        source, target = tf.cast(inputs[0], tf.int32), tf.cast(inputs[1], tf.int32)
        return self.decode(target, self.encode(source), source)


def Transformer(num_layers, num_heads, d_model, d_k, d_v, d_ff, vocab_size, epsilon=1e-6):
    return Net(num_layers, num_heads, d_model, d_k, d_v, d_ff, vocab_size, epsilon)
'''
        },
    ),
    Variant(
        "counting-by-shapes",
        "sums of products of shapes, NumPy integers",
        code={
            "counting": '''
def size(*shapes):
    return sum(np.prod(shape) for shape in shapes)


def attention_parameters(num_heads, d_model, d_k, d_v, bias=True):
    H = num_heads
    return size((d_model, H, d_k), (d_model, H, d_k), (d_model, H, d_v), (H, d_v, d_model)) + bias * size(
        (H, d_k), (H, d_k), (H, d_v), (d_model,)
    )


def transformer_parameters(num_layers, num_heads, d_model, d_k, d_v, d_ff, vocab_size):
    mha = attention_parameters(num_heads, d_model, d_k, d_v)
    mlp = size((d_model, d_ff), (d_ff,), (d_ff, d_model), (d_model,))
    norm = size((2, d_model))
    total = np.sum([3 * mha, 2 * mlp, 5 * norm]) * num_layers
    return total + 3 * size((vocab_size, d_model)) + vocab_size
'''
        },
    ),
    Variant(
        "decoding-otherwise",
        "recursion, arrays instead of lists, heapq, ended hypotheses kept aside",
        code={
            "greedy": '''
def greedy_decode(next_logits, start, end, max_length):
    def go_on(tokens):
        if len(tokens) == max_length or tokens[-1] == end:
            return tokens
        scores = tf.convert_to_tensor(next_logits(tokens))
        return go_on(np.append(tokens, tf.argmax(scores)))

    return go_on(np.array([start]))
''',
            "top_k": '''
def top_k_sample(logits, k, rng):
    best, tokens = tf.math.top_k(tf.cast(logits, tf.float64), k)
    u = rng.random()
    for share, token in zip(np.cumsum(tf.nn.softmax(best)), tokens.numpy()):
        if u <= share:
            break
    return token
''',
            "beam": '''
import heapq


def log_softmax(z):
    z = np.asarray(z, "float64")
    return z - np.logaddexp.reduce(z)


def beam_search(next_logits, start, end, max_length, beam_width=4):
    live, ended = [(0.0, (start,))], []
    for _ in range(max_length - 1):
        grown = [
            (score + p, tokens + (token,))
            for score, tokens in live
            for token, p in enumerate(log_softmax(next_logits(list(tokens))))
        ]
        best = heapq.nlargest(beam_width, grown)
        ended += [h for h in best if h[1][-1] == end]
        live = [h for h in best if h[1][-1] != end]
        if not live:
            break
    return list(max(ended + live)[1])
''',
        },
    ),
    Variant(
        "shift-in-tensorflow",
        "tf.slice and a tuple made of lists",
        code={
            "shift": '''
def teacher_forcing(target):
    target = tf.convert_to_tensor(target)
    n = target.shape[1]
    inputs, labels = tf.gather(target, range(n - 1), axis=1), tf.roll(target, -1, axis=1)[:, : n - 1]
    return inputs, labels
''',
            "relative": '''
def relative_attention(q, k, v, offsets, mask=None):
    T = q.shape[-2]
    bias = tf.stack([offsets[T - 1 - i : 2 * T - 1 - i] for i in range(T)])
    scores = tf.matmul(q, k, transpose_b=True) / math.sqrt(k.shape[-1]) + bias
    if mask is not None:
        scores = tf.where(mask, scores, -np.inf)
    weights = tf.nn.softmax(scores)
    return tf.matmul(weights, v), weights
''',
        },
    ),
    Variant(
        "answers-in-english",
        "numbers with separators, words in English",
        answers={
            "q_total": "44,183,069", "q6": "82", "q7": 1.0, "q7_weight": 0.4235,
            "q8": "b", "q9a": "gpt", "q9b": "Bert", "q9c": "the original Transformer",
            "q10a": "BERT ", "q10b": "GPT-3", "q11c": "encoder–decoder", "q12a": "a", "q12b": "D.",
        },
    ),
    Variant(
        "answers-in-french",
        "numbers and words as they are written in French",
        answers={
            "q_total": "44 183 069", "q6": 82.0, "q7": "1", "q7_weight": "0,46", "q8": "B)",
            "q9c": "Encodeur-décodeur", "q11c": "encodeur décodeur",
        },
    ),
]  # fmt: skip
