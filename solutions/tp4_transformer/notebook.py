# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% role="setup" lang="fr"
from grader import Lab, todo

lab = Lab("tp4_transformer", lang="fr")

# %% role="setup" lang="en"
from grader import Lab, todo

lab = Lab("tp4_transformer", lang="en")

# %% role="setup"
import math

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import ops


# %% exercise="attention"
def scaled_dot_product_attention(q, k, v, mask=None):
    """Attention of queries over keys, softmax(q kᵀ / √d_k) v ("Attention is all you need", 3.2.1).

    Args:
        q: queries, float (..., T, d_k).
        k: keys, float (..., S, d_k).
        v: values, float (..., S, d_v).
        mask: booleans that broadcast to (..., T, S); True = this key may be seen. None: all may.

    Returns:
        (output, weights): float (..., T, d_v) and (..., T, S); each row of `weights` sums to 1.
    """
    ### BEGIN SOLUTION
    scores = ops.matmul(q, ops.swapaxes(k, -1, -2)) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = ops.where(mask, scores, -1e9)
    weights = ops.softmax(scores, axis=-1)
    return ops.matmul(weights, v), weights
    ### END SOLUTION


# %% exercise="masks"
def causal_mask(length):
    """Who may see whom when text is read from left to right.

    Args:
        length: number of positions T, an int ≥ 1.

    Returns:
        Booleans (T, T): row i, column j is True if position i may see position j, that is j ≤ i.
    """
    ### BEGIN SOLUTION
    return np.tril(np.ones((length, length), dtype=bool))
    ### END SOLUTION


# %% role="setup"
PAD, START, END = 0, 27, 28  # 1 to 26 are the letters a to z
VOCAB_SIZE, LENGTH = 29, 11


def padding_mask(tokens):
    """Which tokens are real: int (B, S) → booleans (B, 1, S), False where the token is PAD."""
    return (tokens != PAD)[:, None, :]


# %% exercise="positions"
def positional_encoding(length, d_model):
    """Sinusoidal positions ("Attention is all you need", 3.5).

    Column 2i holds sin(t / 10000^(2i/d_model)), column 2i+1 the cosine of the same angle.

    Args:
        length: number of positions T; t runs from 0 to T-1.
        d_model: size of a token's vector, even.

    Returns:
        float32 (T, d_model).
    """
    ### BEGIN SOLUTION
    t = np.arange(length)[:, None]
    angles = t / 10000 ** (np.arange(0, d_model, 2) / d_model)
    table = np.zeros((length, d_model), dtype="float32")
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles)
    return table
    ### END SOLUTION


# %% exercise="heads"
class MultiHeadAttention(keras.layers.Layer):
    """Several attentions side by side, mixed by a last projection (3.2.2).

    Args:
        num_heads: number of heads H.
        key_dim: size d_k of a query and of a key, in each head.
        value_dim: size d_v of a value, in each head.
        d_model: size of an output token.

    Sub-layers, with biases: `query_dense`, `key_dense` (H·d_k units), `value_dense` (H·d_v units),
    `output_dense` (d_model units). Units are ordered head by head: head 0 first.
    """

    def __init__(self, num_heads, key_dim, value_dim, d_model, **kwargs):
        super().__init__(**kwargs)
        ### BEGIN SOLUTION
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.value_dim = value_dim
        self.query_dense = keras.layers.Dense(num_heads * key_dim)
        self.key_dense = keras.layers.Dense(num_heads * key_dim)
        self.value_dense = keras.layers.Dense(num_heads * value_dim)
        self.output_dense = keras.layers.Dense(d_model)
        ### END SOLUTION

    def call(self, query, key, value, attention_mask=None):
        """Attend.

        Args:
            query: (B, T, d_model).
            key: (B, S, d_model).
            value: (B, S, d_model).
            attention_mask: booleans that broadcast to (B, T, S), the same for every head.
                None: every key may be seen.

        Returns:
            (output, weights): (B, T, d_model) and (B, H, T, S).
        """

        ### BEGIN SOLUTION
        def split(x, size):  # (B, T, H·size) → (B, H, T, size)
            x = ops.reshape(x, (-1, x.shape[1], self.num_heads, size))
            return ops.transpose(x, (0, 2, 1, 3))

        q = split(self.query_dense(query), self.key_dim)
        k = split(self.key_dense(key), self.key_dim)
        v = split(self.value_dense(value), self.value_dim)
        if attention_mask is not None and len(attention_mask.shape) == 3:
            attention_mask = attention_mask[:, None]
        heads, weights = scaled_dot_product_attention(q, k, v, attention_mask)
        heads = ops.transpose(heads, (0, 2, 1, 3))
        merged = ops.reshape(heads, (-1, heads.shape[1], self.num_heads * self.value_dim))
        return self.output_dense(merged), weights
        ### END SOLUTION


# %% exercise="norm"
def layer_norm(x, gamma, beta, epsilon):
    """Normalise each token to mean 0 and variance 1, then scale and shift it (Ba et al., 2016).

    Args:
        x: float (..., d_model).
        gamma: scale, float (d_model,).
        beta: shift, float (d_model,).
        epsilon: float > 0, added to the variance.

    Returns:
        float, the shape of `x`.
    """
    ### BEGIN SOLUTION
    mean = ops.mean(x, axis=-1, keepdims=True)
    variance = ops.mean(ops.square(x - mean), axis=-1, keepdims=True)
    return gamma * (x - mean) / ops.sqrt(variance + epsilon) + beta
    ### END SOLUTION


# %% exercise="feed_forward"
class FeedForward(keras.layers.Layer):
    """Two dense layers, the same for every token, ReLU between them (3.3).

    Args:
        d_ff: units of the first, called `inner`.
        d_model: units of the second, called `outer`.
    """

    def __init__(self, d_ff, d_model, **kwargs):
        super().__init__(**kwargs)
        ### BEGIN SOLUTION
        self.inner = keras.layers.Dense(d_ff, activation="relu")
        self.outer = keras.layers.Dense(d_model)
        ### END SOLUTION

    def call(self, x):
        """(B, T, d_model) → (B, T, d_model)."""
        ### BEGIN SOLUTION
        return self.outer(self.inner(x))
        ### END SOLUTION


# %% exercise="encoder"
class EncoderLayer(keras.layers.Layer):
    """Self-attention, then the feed-forward network; after each, add the input and normalise.

    Args:
        num_heads, d_model, d_k, d_v: as in `MultiHeadAttention` (key_dim = d_k, value_dim = d_v).
        d_ff: inner size of `FeedForward`.
        epsilon: of both normalisations.

    Sub-layers: `attention`, `norm1` (after it), `feed_forward`, `norm2` (after it). For the
    normalisations use keras.layers.LayerNormalization.
    """

    def __init__(self, num_heads, d_model, d_k, d_v, d_ff, epsilon=1e-6, **kwargs):
        super().__init__(**kwargs)
        ### BEGIN SOLUTION
        self.attention = MultiHeadAttention(num_heads, d_k, d_v, d_model)
        self.norm1 = keras.layers.LayerNormalization(epsilon=epsilon)
        self.feed_forward = FeedForward(d_ff, d_model)
        self.norm2 = keras.layers.LayerNormalization(epsilon=epsilon)
        ### END SOLUTION

    def call(self, x, attention_mask=None):
        """Transform a sequence.

        Args:
            x: (B, T, d_model).
            attention_mask: booleans that broadcast to (B, T, T).

        Returns:
            (B, T, d_model).
        """
        ### BEGIN SOLUTION
        attended, _ = self.attention(x, x, x, attention_mask)
        x = self.norm1(x + attended)
        return self.norm2(x + self.feed_forward(x))
        ### END SOLUTION


# %% exercise="decoder"
class DecoderLayer(keras.layers.Layer):
    """Masked self-attention, attention over the encoder's output, feed-forward network.

    After each of the three, add the input and normalise. Arguments as for `EncoderLayer`.
    Sub-layers: `self_attention`, `norm1`, `cross_attention`, `norm2`, `feed_forward`, `norm3`.
    """

    def __init__(self, num_heads, d_model, d_k, d_v, d_ff, epsilon=1e-6, **kwargs):
        super().__init__(**kwargs)
        ### BEGIN SOLUTION
        self.self_attention = MultiHeadAttention(num_heads, d_k, d_v, d_model)
        self.norm1 = keras.layers.LayerNormalization(epsilon=epsilon)
        self.cross_attention = MultiHeadAttention(num_heads, d_k, d_v, d_model)
        self.norm2 = keras.layers.LayerNormalization(epsilon=epsilon)
        self.feed_forward = FeedForward(d_ff, d_model)
        self.norm3 = keras.layers.LayerNormalization(epsilon=epsilon)
        ### END SOLUTION

    def call(self, x, memory, attention_mask=None, memory_mask=None):
        """Transform a sequence, looking at another.

        Args:
            x: the target so far, (B, T, d_model).
            memory: the encoder's output, (B, S, d_model).
            attention_mask: booleans that broadcast to (B, T, T), for the self-attention.
            memory_mask: booleans that broadcast to (B, T, S), for the cross-attention.

        Returns:
            (B, T, d_model).
        """
        ### BEGIN SOLUTION
        attended, _ = self.self_attention(x, x, x, attention_mask)
        x = self.norm1(x + attended)
        attended, _ = self.cross_attention(x, memory, memory, memory_mask)
        x = self.norm2(x + attended)
        return self.norm3(x + self.feed_forward(x))
        ### END SOLUTION


# %% exercise="transformer"
class Transformer(keras.Model):
    """The whole encoder–decoder ("Attention is all you need", figure 1), without dropout.

    Args:
        num_layers: encoder layers, and as many decoder layers.
        num_heads, d_model, d_k, d_v, d_ff, epsilon: as for `EncoderLayer`.
        vocab_size: number of tokens, the same for source and target.

    Sub-layers: `source_embedding`, `target_embedding`, the lists `encoder_layers` and
    `decoder_layers`, and `output_dense` (vocab_size units, with bias, no activation).
    """

    def __init__(
        self, num_layers, num_heads, d_model, d_k, d_v, d_ff, vocab_size, epsilon=1e-6, **kwargs
    ):
        super().__init__(**kwargs)
        ### BEGIN SOLUTION
        self.d_model = d_model
        self.source_embedding = keras.layers.Embedding(vocab_size, d_model)
        self.target_embedding = keras.layers.Embedding(vocab_size, d_model)
        sizes = (num_heads, d_model, d_k, d_v, d_ff, epsilon)
        self.encoder_layers = [EncoderLayer(*sizes) for _ in range(num_layers)]
        self.decoder_layers = [DecoderLayer(*sizes) for _ in range(num_layers)]
        self.output_dense = keras.layers.Dense(vocab_size)
        ### END SOLUTION

    def call(self, inputs):
        """Score the next token at every position of the target.

        Embeddings are multiplied by √d_model before the positions are added. PAD tokens of the
        source are seen by nobody; a target position sees itself and those before it.

        Args:
            inputs: (source, target), int (B, S) and (B, T).

        Returns:
            Logits, float (B, T, vocab_size).
        """
        ### BEGIN SOLUTION
        source, target = inputs
        seen = padding_mask(source)
        x = self.embed(self.source_embedding, source)
        for layer in self.encoder_layers:
            x = layer(x, seen)
        y = self.embed(self.target_embedding, target)
        past = causal_mask(target.shape[1])
        for layer in self.decoder_layers:
            y = layer(y, x, past, seen)
        return self.output_dense(y)

    def embed(self, embedding, tokens):
        vectors = embedding(tokens) * math.sqrt(self.d_model)
        return vectors + positional_encoding(tokens.shape[1], self.d_model)
        ### END SOLUTION


# %% exercise="counting"
def attention_parameters(num_heads, d_model, d_k, d_v):
    """Number of parameters of one `MultiHeadAttention`, biases included, worked out by hand.

    Args:
        num_heads, d_model, d_k, d_v: as for `EncoderLayer`.

    Returns:
        int.
    """
    ### BEGIN SOLUTION
    queries_and_keys = 2 * (d_model + 1) * num_heads * d_k
    values = (d_model + 1) * num_heads * d_v
    return queries_and_keys + values + (num_heads * d_v + 1) * d_model
    ### END SOLUTION


def transformer_parameters(num_layers, num_heads, d_model, d_k, d_v, d_ff, vocab_size):
    """Number of parameters of the whole `Transformer`, worked out by hand.

    Args:
        num_layers, num_heads, d_model, d_k, d_v, d_ff, vocab_size: as for `Transformer`.

    Returns:
        int.
    """
    ### BEGIN SOLUTION
    attention = attention_parameters(num_heads, d_model, d_k, d_v)
    feed_forward = (d_model + 1) * d_ff + (d_ff + 1) * d_model
    norm = 2 * d_model
    encoder = attention + feed_forward + 2 * norm
    decoder = 2 * attention + feed_forward + 3 * norm
    embeddings = 2 * vocab_size * d_model
    output = (d_model + 1) * vocab_size
    return num_layers * (encoder + decoder) + embeddings + output
    ### END SOLUTION


# %% exercise="greedy"
def greedy_decode(next_logits, start, end, max_length):
    """Write a sequence, each time with the most probable next token.

    Args:
        next_logits: function, list of the tokens so far → array (vocab_size,) of logits.
        start: first token.
        end: token that ends the sequence.
        max_length: most tokens in the result, `start` and `end` included.

    Returns:
        List of ints that begins with `start`; ends with `end` if that came in time.
    """
    ### BEGIN SOLUTION
    tokens = [start]
    while len(tokens) < max_length and tokens[-1] != end:
        tokens.append(int(np.argmax(next_logits(tokens))))
    return tokens
    ### END SOLUTION


# %% exercise="top_k"
def top_k_sample(logits, k, rng):
    """Draw a token among the k most probable, by their probabilities made to sum to 1 again.

    Args:
        logits: float (vocab_size,).
        k: int, 1 to vocab_size.
        rng: a numpy.random.Generator, the only source of chance.

    Returns:
        int, the token.
    """
    ### BEGIN SOLUTION
    logits = np.asarray(logits, dtype="float64")
    best = np.argsort(logits)[-k:]
    p = np.exp(logits[best] - logits[best].max())
    return int(rng.choice(best, p=p / p.sum()))
    ### END SOLUTION


# %% exercise="beam"
def beam_search(next_logits, start, end, max_length, beam_width):
    """Write the most probable sequence that a beam of `beam_width` hypotheses finds.

    At each step every hypothesis that has not ended is continued by every token; of these and the
    ended ones, the `beam_width` of highest log-probability (the sum over their tokens; no
    correction for length) are kept.

    Args:
        next_logits, start, end, max_length: as for `greedy_decode`.
        beam_width: int ≥ 1; with 1, the result is `greedy_decode`'s.

    Returns:
        The best hypothesis, a list of ints that begins with `start`.
    """
    ### BEGIN SOLUTION
    beam = [(0.0, [start])]
    for _ in range(max_length - 1):
        candidates = []
        for score, tokens in beam:
            if tokens[-1] == end:
                candidates.append((score, tokens))
                continue
            logits = np.asarray(next_logits(tokens), dtype="float64")
            log_p = logits - logits.max() - np.log(np.exp(logits - logits.max()).sum())
            candidates += [(score + log_p[token], [*tokens, token]) for token in range(len(log_p))]
        beam = sorted(candidates, key=lambda c: -c[0])[:beam_width]
    return beam[0][1]
    ### END SOLUTION


# %% exercise="shift"
def teacher_forcing(target):
    """What the decoder reads, and what it must say, from complete targets.

    Args:
        target: int (B, L), rows <start> … <end> then padding.

    Returns:
        (inputs, labels): int (B, L-1) each; at every position the label is the next token.
    """
    ### BEGIN SOLUTION
    return target[:, :-1], target[:, 1:]
    ### END SOLUTION


# %% exercise="relative"
def relative_attention(q, k, v, offsets, mask=None):
    """Attention with learned relative positions (Shaw et al., 2018, in its scalar form).

    A number for each offset j - i is added to the scaled score of query i and key j.

    Args:
        q, k, v, mask: as for `scaled_dot_product_attention`, with S = T.
        offsets: float (2T-1,); element T-1+m belongs to the offset j - i = m.

    Returns:
        (output, weights), as for `scaled_dot_product_attention`.
    """
    ### BEGIN SOLUTION
    length = q.shape[-2]
    offset = np.arange(length)[None, :] - np.arange(length)[:, None]
    scores = ops.matmul(q, ops.swapaxes(k, -1, -2)) / math.sqrt(q.shape[-1])
    scores = scores + ops.take(offsets, offset + length - 1)
    if mask is not None:
        scores = ops.where(mask, scores, -1e9)
    weights = ops.softmax(scores, axis=-1)
    return ops.matmul(weights, v), weights
    ### END SOLUTION


# %% role="setup"
def make_words(count, rng, held_out=False):
    """Draw random words of 3 to 9 letters as tokens, and what the decoder must write.

    A word belongs to the held-out part if its letters (1 to 26) add up to a multiple of 5.

    Args:
        count: number of words.
        rng: numpy.random.Generator.
        held_out: words for the test instead of words to learn from.

    Returns:
        (source, target): int32 (count, 11) each: <start> word <end> and <start> reversed word <end>.
    """
    longest = LENGTH - 2
    place = np.arange(longest)
    length = rng.integers(3, longest + 1, (8 * count + 99, 1))  # more than needed, to choose from
    letters = np.where(place < length, rng.integers(1, 27, (len(length), longest)), PAD)
    chosen = np.flatnonzero((letters.sum(axis=1) % 5 == 0) == held_out)[:count]
    length, letters = length[chosen], letters[chosen]
    mirrored = np.take_along_axis(letters, np.maximum(length - 1 - place, 0), axis=1)
    both = []
    for word in (letters, np.where(place < length, mirrored, PAD)):
        rows = np.full((count, LENGTH), PAD, dtype="int32")
        rows[:, 0] = START
        rows[:, 1:-1] = word
        np.put_along_axis(rows, length + 1, END, axis=1)
        both.append(rows)
    return tuple(both)


def decode_words(model, source):
    """Greedy decoding of a whole batch: int (n, 11) → int (n, 11), padded after <end>."""
    tokens = np.full((len(source), LENGTH), PAD, dtype="int32")
    tokens[:, 0] = START
    ended = np.zeros(len(source), dtype=bool)
    for t in range(1, LENGTH):
        logits = model((source, tokens[:, :t]))
        best = np.argmax(np.asarray(logits)[:, -1], axis=-1)
        tokens[:, t] = np.where(ended, PAD, best)
        ended |= tokens[:, t] == END
    return tokens


# %%
source, target = make_words(9600, np.random.default_rng(1))
test_source, test_target = make_words(500, np.random.default_rng(2), held_out=True)

# %%
SEED = 1
settings = dict(num_layers=1, num_heads=4, d_model=64, d_k=16, d_v=16, d_ff=256, vocab_size=29)
keras.utils.set_random_seed(SEED)
model = Transformer(**settings)
model.compile(
    optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, 600)),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PAD),
)
decoder_input, labels = teacher_forcing(target)
model.fit(
    (source, decoder_input),
    labels,
    batch_size=64,
    epochs=4,
    callbacks=[lab.record("reverser", **settings)],
)
