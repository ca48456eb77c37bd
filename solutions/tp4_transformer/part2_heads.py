"""2.1 to 2.3 of TP4: multi-head attention, layer normalisation, feed-forward network."""

from __future__ import annotations

import weights
from lab import lab

from grader.authoring import Draw, Student

# ------------------------------------------------------------------ 2.1 heads

heads = lab.exercise("heads", "2.1", "Multi-head attention", "Attention à plusieurs têtes",
    "MultiHeadAttention",
    forbids=["keras.layers.MultiHeadAttention",
             "keras.layers.GroupQueryAttention",
             "tf_keras.layers.MultiHeadAttention",
             "keras_hub.layers.CachedMultiHeadAttention",
             "official.nlp.modeling.layers.MultiHeadAttention"],
    read=("section 2.1 and Vaswani et al., 3.2.2", "partie 2.1 et Vaswani et al., 3.2.2"))


def with_weights(draw: Draw, student: Student):
    """A built layer with weights, the same for the checks of the exercise, and d_model."""
    draw = draw.named("heads")
    h, d, dk, dv, _ = weights.model_sizes(draw)
    x = draw.normal(2, 3, d)
    with student.shared():
        layer = student.MultiHeadAttention(h, dk, dv, d)
        layer(x, x, x)
        layer.set_weights(weights.attention(draw, "", h, d, dk, dv), weights.fused(""))
    return layer, d


@heads.check("self", 1.0, "self-attention", "auto-attention",
    asked=("given weights and a sequence, the output (B,T,d_model) and the weights (B,H,T,T)",
           "poids et séquence donnés, la sortie (B,T,d_model) et les poids d'attention (B,H,T,T)"))
def _(draw: Draw, student: Student):
    layer, d = with_weights(draw, student)
    x = draw.normal(2, 7, d)
    out = layer(x, x, x)
    return student.probe(output=out[0], attention=out[1], params=layer.count_params())


@heads.check("cross", 1.0, "cross-attention and masks", "attention croisée et masques",
    asked=("queries from one sequence, keys and values from others; masks (T,S), (B,1,S), (B,T,S)",
           "requêtes d'une séquence, clés et valeurs d'autres ; masques (T,S), (B,1,S), (B,T,S)"))
def _(draw: Draw, student: Student):
    layer, d = with_weights(draw, student)
    b, t, s = draw.sizes(3, 7, 11)
    query, key, value = draw.normal(b, t, d), draw.normal(b, s, d), draw.normal(b, s, d)
    padded = layer(query, key, value, draw.mask(b, 1, s))
    pairs = layer(query, key, value, draw.mask(t, s))
    full = layer(query, key, value, draw.mask(b, t, s))
    return student.probe(padded_output=padded[0], pairs_output=pairs[0], full_weights=full[1])


@heads.by_hand(0.75)
def _(draw: Draw, student: Student):
    h, d, dk, dv, _ = weights.model_sizes(draw)
    student.MultiHeadAttention(h, dk, dv, d)
    return student.probe()


EINSUM_CALL = """
        q, k, v = self.query_dense(query), self.key_dense(key), self.value_dense(value)
        if mask is not None and len(mask.shape) > 2:
            mask = tf.expand_dims(mask, 1)
        swap = lambda a: tf.transpose(a, [0, 2, 1, 3])
        out, weights = scaled_dot_product_attention(swap(q), swap(k), swap(v), mask=mask)
        return self.output_dense(swap(out)), weights"""
EINSUM_OUTPUT = 'keras.layers.EinsumDense("bthv,hvd->btd", (None, d_model), bias_axes="d")'


def einsum_heads(
    call: str = EINSUM_CALL, sizes: str = "pass", bias: str = '"hk"', output: str = EINSUM_OUTPUT
) -> str:
    """Multi-head attention with EinsumDense, some places open."""

    def dense(n: str) -> str:
        return f'keras.layers.EinsumDense("btd,dhk->bthk", (None, num_heads, {n}), bias_axes={bias})'

    return f"""
class MultiHeadAttention(keras.layers.Layer):
    def __init__(self, num_heads, key_dim, value_dim, d_model, **kwargs):
        super().__init__(**kwargs)
        {sizes}
        self.query_dense = {dense("key_dim")}
        self.key_dense = {dense("key_dim")}
        self.value_dense = {dense("value_dim")}
        self.output_dense = {output}
        self.heads, self.d_k, self.d_v, self.d_model = num_heads, key_dim, value_dim, d_model

    def call(self, query, key, value, mask=None):{call}
"""


def own_scores(scale: str, softmax: str = "tf.nn.softmax(scores)") -> str:
    """A call that computes its scores itself."""
    return f"""
        q, k, v = self.query_dense(query), self.key_dense(key), self.value_dense(value)
        scores = tf.einsum("bthk,bshk->bhts", q, k) {scale}
        if mask is not None:
            scores = tf.where(mask if len(mask.shape) == 2 else mask[:, None], scores, -1e9)
        weights = {softmax}
        return self.output_dense(tf.einsum("bhts,bshv->bthv", weights, v)), weights"""


SPLIT = "return tf.transpose(tf.reshape(x, [b, t, self.H, n]), [0, 2, 1, 3])"
MERGE = "merged = tf.reshape(tf.transpose(heads, [0, 2, 1, 3]), [b, t, self.H * n])"


def flat_heads(split: str = SPLIT, merge: str = MERGE, end: str = "self.output_dense(merged)") -> str:
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
        return {end}, weights
"""


def without_bias(**units: str) -> list[tuple[str, str]]:
    """Edits that take the bias from projections: ``query="num_heads * key_dim"``."""
    return [
        (f"self.{name}_dense = keras.layers.Dense({n})",
         f"self.{name}_dense = keras.layers.Dense({n}, use_bias=False)")
        for name, n in units.items()
    ]


INPUTS = without_bias(
    query="num_heads * key_dim", key="num_heads * key_dim", value="num_heads * value_dim"
)
OUTPUT = without_bias(output="d_model")
ATTEND = "scaled_dot_product_attention(q, k, v, attention_mask)"
CUT = (
    "x = ops.reshape(x, (-1, x.shape[1], self.num_heads, size))\n"
    "            return ops.transpose(x, (0, 2, 1, 3))"
)
BOTH = ["self", "cross"]

heads.slip("scale-by-sqrt-dmodel",
    "the scores are divided by √d_model; each head's queries have d_k dimensions",
    "les scores sont divisés par √d_model ; dans chaque tête une requête a d_k dimensions",
    (ATTEND,
     "scaled_dot_product_attention(q * math.sqrt(self.key_dim / query.shape[-1]), k, v, attention_mask)"),
    loses=BOTH, mutant=einsum_heads(own_scores("/ tf.sqrt(float(self.d_model))")))
heads.slip("softmax-over-heads",
    "the softmax runs over the heads: each head must share out its own attention",
    "le softmax parcourt les têtes : chaque tête doit partager sa propre attention",
    (f"heads, weights = {ATTEND}",
     "scores = ops.matmul(q, ops.swapaxes(k, -1, -2)) / math.sqrt(self.key_dim)\n"
     "        scores = scores if attention_mask is None else ops.where(attention_mask, scores, -1e9)\n"
     "        weights = ops.softmax(scores, axis=1)\n"
     "        heads = ops.matmul(weights, v)"),
    loses=BOTH, mutant=einsum_heads(own_scores("* self.d_k**-0.5", "tf.nn.softmax(scores, axis=1)")))
heads.slip("merge-heads-without-transpose",
    "the heads are merged before they are moved back next to each other: tokens get mixed up",
    "les têtes sont fusionnées sans avoir été ramenées côte à côte : les tokens se mélangent",
    ("heads = ops.transpose(heads, (0, 2, 1, 3))\n"
     "        merged = ops.reshape(heads, (-1, heads.shape[1],",
     "merged = ops.reshape(heads, (-1, heads.shape[2],"),
    hint=("which axis must come just before d_v when the two are merged?",
          "quel axe doit précéder d_v quand on fusionne les deux ?"),
    loses=BOTH, mutant=flat_heads(merge="merged = tf.reshape(heads, [b, t, self.H * n])"))
heads.slip("split-heads-without-transpose",
    "the projections are cut into heads by a reshape to (B, H, T, d) directly: tokens get mixed up",
    "les projections sont découpées par un reshape direct vers (B, H, T, d) : les tokens se mélangent",
    (CUT, "return ops.reshape(x, (-1, self.num_heads, x.shape[1], size))"))
heads.slip("head-interleave",
    "the units are dealt out to the heads one by one; a head owns neighbouring units",
    "les unités sont distribuées une à une entre les têtes ; une tête possède des unités voisines",
    (CUT,
     "x = ops.reshape(x, (-1, x.shape[1], size, self.num_heads))\n"
     "            return ops.transpose(x, (0, 3, 1, 2))"),
    loses=BOTH,
    mutant=flat_heads("return tf.einsum('btnh->bhtn', tf.reshape(x, [b, t, n, self.H]))"))
heads.slip("merge-interleaved",
    "the heads' outputs are interleaved when they are merged; they are laid one after the other",
    "les sorties des têtes sont entrelacées à la fusion ; elles se suivent l'une après l'autre",
    ("heads = ops.transpose(heads, (0, 2, 1, 3))", "heads = ops.transpose(heads, (0, 2, 3, 1))"))
heads.slip("no-output-projection",
    "the heads are concatenated but not mixed by a last projection",
    "les têtes sont concaténées mais pas mélangées par une dernière projection",
    ("return self.output_dense(merged), weights", "return merged, weights"),
    loses=BOTH, mutant=flat_heads(end="merged"))
heads.slip("no-bias",
    "the projections have no bias",
    "les projections n'ont pas de biais",
    *INPUTS, *OUTPUT,
    loses=BOTH,
    mutant=einsum_heads(bias="None", output='keras.layers.EinsumDense("bthv,hvd->btd", (None, d_model))'))
heads.slip("no-output-bias",
    "the last projection has no bias",
    "la dernière projection n'a pas de biais",
    *OUTPUT)
heads.slip("only-output-bias",
    "queries, keys and values have no bias",
    "requêtes, clés et valeurs n'ont pas de biais",
    *INPUTS)
heads.slip("qk-swapped",
    "queries and keys are exchanged: query_dense is applied to the keys and key_dense to the queries",
    "requêtes et clés sont échangées : query_dense est appliquée aux clés et key_dense aux requêtes",
    ("q = split(self.query_dense(query), self.key_dim)",
     "q = split(self.key_dense(query), self.key_dim)"),
    ("k = split(self.key_dense(key), self.key_dim)", "k = split(self.query_dense(key), self.key_dim)"),
    loses=BOTH, mutant=einsum_heads(EINSUM_CALL.replace(
        "q, k, v = self.query_dense(query), self.key_dense(key)",
        "k, q, v = self.query_dense(key), self.key_dense(query)")))
heads.slip("key-dim-is-d-model",
    "each head has d_model dimensions instead of key_dim and value_dim",
    "chaque tête a d_model dimensions au lieu de key_dim et value_dim",
    ("self.key_dim = key_dim", "self.key_dim = key_dim = d_model"),
    ("self.value_dim = value_dim", "self.value_dim = value_dim = d_model"),
    loses=BOTH, mutant=einsum_heads(sizes="key_dim = value_dim = d_model"))
heads.slip("values-from-keys",
    "the values are made from the key argument instead of value",
    "les valeurs viennent de l'argument key au lieu de value",
    ("self.value_dense(value)", "self.value_dense(key)"))
heads.slip("heads-mask-dropped",
    "the mask is not handed on to the attention",
    "le masque n'est pas transmis à l'attention",
    (ATTEND, "scaled_dot_product_attention(q, k, v)"))

# ------------------------------------------------------------------ 2.2 norm

norm = lab.exercise("norm", "2.2", "Layer normalisation", "Normalisation de couche", "layer_norm",
    forbids=["keras.layers.LayerNormalization", "keras.ops.layer_normalization"])


@norm.check("values", 0.5, "values", "valeurs",
    asked=("each token: mean 0, variance 1, then gamma and beta",
           "chaque token : moyenne 0, variance 1, puis gamma et beta"))
def _(draw: Draw, student: Student):
    b, t, d = draw.sizes(3, 3, 9)
    x = draw.normal(b, t, d, mean=0.7)
    gamma, beta = draw.normal(d, scale=0.4, mean=1), draw.normal(d)
    return student.probe(
        out=student.layer_norm(x, gamma, beta, 1e-6),
        large_epsilon=student.layer_norm(0.5 * x, gamma, beta, 0.3),
    )


norm.slip("eps-outside-sqrt",
    "epsilon is added to the standard deviation, outside the root; it belongs to the variance",
    "epsilon est ajouté à l'écart-type, hors de la racine ; il va avec la variance",
    ("ops.sqrt(variance + epsilon)", "(ops.sqrt(variance) + epsilon)"),
    loses=["values"], mutant="""
def layer_norm(x, gamma, beta, epsilon):
    return (x - ops.mean(x, -1, keepdims=True)) / (ops.std(x, -1, keepdims=True) + epsilon) * gamma + beta
""")
norm.slip("norm-over-tokens",
    "the mean is taken over the tokens; each token is normalised on its own",
    "la moyenne est prise sur les tokens ; chaque token se normalise seul",
    ("mean = ops.mean(x, axis=-1,", "mean = ops.mean(x, axis=-2,"),
    ("ops.square(x - mean), axis=-1", "ops.square(x - mean), axis=-2"))
norm.slip("norm-divided-by-variance",
    "division by the variance instead of its root",
    "division par la variance au lieu de sa racine",
    ("ops.sqrt(variance + epsilon)", "(variance + epsilon)"))
norm.slip("norm-unbiased-variance",
    "the variance divides by d_model - 1; a normalisation divides by d_model",
    "la variance divise par d_model - 1 ; une normalisation divise par d_model",
    ("variance = ops.mean(ops.square(x - mean), axis=-1, keepdims=True)",
     "variance = ops.sum(ops.square(x - mean), axis=-1, keepdims=True) / (x.shape[-1] - 1)"))
norm.slip("norm-no-weights",
    "gamma and beta are not used",
    "gamma et beta ne sont pas utilisés",
    ("gamma * (x - mean)", "(x - mean)"), (" + beta", ""))
norm.slip("norm-epsilon-ignored",
    "epsilon is not used",
    "epsilon n'est pas utilisé",
    ("variance + epsilon", "variance"))

# ------------------------------------------------------------------ 2.3 feed-forward

feed_forward = lab.exercise("feed_forward", "2.3", "Feed-forward network", "Réseau dense par token",
    "FeedForward")


@feed_forward.check("values", 0.5, "values", "valeurs",
    asked=("dense, ReLU, dense, with given weights", "dense, ReLU, dense, à poids donnés"))
def _(draw: Draw, student: Student):
    d, d_ff, t = draw.sizes(3, 4, 12)
    x = draw.normal(2, t, d)
    layer = student.FeedForward(d_ff, d)
    layer(x)
    layer.set_weights(weights.feed_forward(draw, "", d, d_ff))
    return layer(x)


feed_forward.slip("ff-no-relu",
    "there is no ReLU between the two layers",
    "il n'y a pas de ReLU entre les deux couches",
    (', activation="relu"', ""),
    loses=["values"], mutant="""
class FeedForward(keras.layers.Layer):
    def __init__(self, d_ff, d_model, **kwargs):
        super().__init__(**kwargs)
        self.d_ff, self.d_model = d_ff, d_model

    def build(self, shape):
        self.inner = keras.layers.Dense(self.d_ff)
        self.outer = keras.layers.Dense(self.d_model)

    def call(self, x):
        return self.outer(self.inner(x))
""")
feed_forward.slip("ff-relu-last",
    "a ReLU follows the second layer too: its output can no longer be negative",
    "une ReLU suit aussi la deuxième couche : la sortie ne peut plus être négative",
    ("keras.layers.Dense(d_model)", 'keras.layers.Dense(d_model, activation="relu")'))
feed_forward.slip("ff-gelu",
    "a GELU stands where the article has a ReLU",
    "une GELU remplace la ReLU de l'article",
    ('"relu"', '"gelu"'))
