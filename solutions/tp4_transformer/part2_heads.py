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
    hint=[("what divides the scores, once the queries are cut into heads",
           "ce qui divise les scores, une fois les requêtes coupées en têtes"),
          ("how many products are added up in one score of one head: d_model or key_dim?",
           "combien de produits s'ajoutent dans un score d'une tête : d_model ou key_dim ?"),
          ("leave the scaling to your attention of 1.1: it sees the size of one head",
           "laissez la mise à l'échelle à votre attention de 1.1 : elle voit la taille d'une tête")],
    loses=BOTH, mutant=einsum_heads(own_scores("/ tf.sqrt(float(self.d_model))")))
heads.slip("softmax-over-heads",
    "the softmax runs over the heads: each head must share out its own attention",
    "le softmax parcourt les têtes : chaque tête doit partager sa propre attention",
    (f"heads, weights = {ATTEND}",
     "scores = ops.matmul(q, ops.swapaxes(k, -1, -2)) / math.sqrt(self.key_dim)\n"
     "        scores = scores if attention_mask is None else ops.where(attention_mask, scores, -1e9)\n"
     "        weights = ops.softmax(scores, axis=1)\n"
     "        heads = ops.matmul(weights, v)"),
    hint=[("the axis of the softmax in an array (B, H, T, S)",
           "l'axe du softmax dans un tableau (B, H, T, S)"),
          ("add up the weights over the last axis: 1 for each head?",
           "sommez les poids sur le dernier axe : 1 pour chaque tête ?"),
          ("each head shares out its own unit among the keys: the axis is the keys', the last",
           "chaque tête partage sa propre unité entre les clés : l'axe est celui des clés, le dernier")],
    loses=BOTH, mutant=einsum_heads(own_scores("* self.d_k**-0.5", "tf.nn.softmax(scores, axis=1)")))
heads.slip("merge-heads-without-transpose",
    "the heads are merged before they are moved back next to each other: tokens get mixed up",
    "les têtes sont fusionnées sans avoir été ramenées côte à côte : les tokens se mélangent",
    ("heads = ops.transpose(heads, (0, 2, 1, 3))\n"
     "        merged = ops.reshape(heads, (-1, heads.shape[1],",
     "merged = ops.reshape(heads, (-1, heads.shape[2],"),
    hint=[("the axes of the heads' outputs just before the last reshape",
           "les axes des sorties des têtes juste avant le dernier reshape"),
          ("reshape np.arange(12) from (H, T, d_v) = (2, 3, 2) to (3, 4): does row 0 hold token 0 of both heads?",
           "passez np.arange(12) de (H, T, d_v) = (2, 3, 2) à (3, 4) : la ligne 0 contient-elle le token 0 des deux têtes ?"),
          ("bring the axis of the heads next to d_v before the two are merged",
           "amenez l'axe des têtes à côté de d_v avant de fusionner les deux")],
    loses=BOTH, mutant=flat_heads(merge="merged = tf.reshape(heads, [b, t, self.H * n])"))
heads.slip("split-heads-without-transpose",
    "the projections are cut into heads by a reshape to (B, H, T, d) directly: tokens get mixed up",
    "les projections sont découpées par un reshape direct vers (B, H, T, d) : les tokens se mélangent",
    (CUT, "return ops.reshape(x, (-1, self.num_heads, x.shape[1], size))"),
    hint=[("the reshape that cuts the projections into heads",
           "le reshape qui coupe les projections en têtes"),
          ("reshape np.arange(12) from (T, H·d) = (3, 4) to (2, 3, 2): does head 0 hold units 0 and 1 of every token?",
           "passez np.arange(12) de (T, H·d) = (3, 4) à (2, 3, 2) : la tête 0 contient-elle les unités 0 et 1 de chaque token ?"),
          ("a reshape only cuts the last axis in two; moving the heads forward is a transposition",
           "un reshape ne fait que couper le dernier axe en deux ; avancer les têtes est une transposition")],
    loses=BOTH)
heads.slip("head-interleave",
    "the units are dealt out to the heads one by one; a head owns neighbouring units",
    "les unités sont distribuées une à une entre les têtes ; une tête possède des unités voisines",
    (CUT,
     "x = ops.reshape(x, (-1, x.shape[1], size, self.num_heads))\n"
     "            return ops.transpose(x, (0, 3, 1, 2))"),
    hint=[("how the last axis of the projections is cut: (H, d) or (d, H)",
           "comment se coupe le dernier axe des projections : (H, d) ou (d, H)"),
          ("cut np.arange(6) for two heads of 3: is head 0 made of 0, 1, 2?",
           "coupez np.arange(6) pour deux têtes de 3 : la tête 0 est-elle faite de 0, 1, 2 ?"),
          ("units are ordered head by head: in the reshape, the heads come before the size",
           "les unités sont rangées tête par tête : dans le reshape, les têtes précèdent la taille")],
    loses=BOTH,
    mutant=flat_heads("return tf.einsum('btnh->bhtn', tf.reshape(x, [b, t, n, self.H]))"))
heads.slip("merge-interleaved",
    "the heads' outputs are interleaved when they are merged; they are laid one after the other",
    "les sorties des têtes sont entrelacées à la fusion ; elles se suivent l'une après l'autre",
    ("heads = ops.transpose(heads, (0, 2, 1, 3))", "heads = ops.transpose(heads, (0, 2, 3, 1))"),
    hint=[("the order of the two last axes before the heads are merged",
           "l'ordre des deux derniers axes avant la fusion des têtes"),
          ("merge heads [1, 2, 3] and [4, 5, 6] of one token: 1 2 3 4 5 6, or 1 4 2 5 3 6?",
           "fusionnez les têtes [1, 2, 3] et [4, 5, 6] d'un token : 1 2 3 4 5 6, ou 1 4 2 5 3 6 ?"),
          ("the sizes d_v must be the last axis, the heads the one before",
           "les tailles d_v doivent former le dernier axe, les têtes l'avant-dernier")],
    loses=BOTH)
heads.slip("no-output-projection",
    "the heads are concatenated but not mixed by a last projection",
    "les têtes sont concaténées mais pas mélangées par une dernière projection",
    ("return self.output_dense(merged), weights", "return merged, weights"),
    hint=[("what `output_dense` is applied to", "ce à quoi s'applique `output_dense`"),
          ("print the last axis of your output: d_model, or H·d_v?",
           "affichez le dernier axe de la sortie : d_model, ou H·d_v ?"),
          ("send the merged heads through the last layer before you return them",
           "faites passer les têtes fusionnées par la dernière couche avant de les rendre")],
    loses=BOTH, mutant=flat_heads(end="merged"))
heads.slip("no-bias",
    "the projections have no bias",
    "les projections n'ont pas de biais",
    *INPUTS, *OUTPUT,
    hint=[("how the four Dense layers are made", "comment sont faites les quatre couches Dense"),
          ("print layer.count_params() and count by hand: what is missing is (2·d_k + d_v)·H + d_model",
           "affichez layer.count_params() et comptez à la main : il manque (2·d_k + d_v)·H + d_model"),
          ("let all four layers keep their bias", "laissez leur biais aux quatre couches")],
    loses=BOTH,
    mutant=einsum_heads(bias="None", output='keras.layers.EinsumDense("bthv,hvd->btd", (None, d_model))'))
heads.slip("no-output-bias",
    "the last projection has no bias",
    "la dernière projection n'a pas de biais",
    *OUTPUT,
    hint=[("how `output_dense` is made", "comment est faite `output_dense`"),
          ("print len(layer.output_dense.get_weights()): 2 are wanted, a kernel and a bias",
           "affichez len(layer.output_dense.get_weights()) : on en veut 2, un noyau et un biais"),
          ("let the last layer keep its bias too", "laissez aussi son biais à la dernière couche")],
    loses=BOTH)
heads.slip("only-output-bias",
    "queries, keys and values have no bias",
    "requêtes, clés et valeurs n'ont pas de biais",
    *INPUTS,
    hint=[("how the three layers for queries, keys and values are made",
           "comment sont faites les trois couches des requêtes, clés et valeurs"),
          ("print len(layer.query_dense.get_weights()): 2 are wanted, a kernel and a bias",
           "affichez len(layer.query_dense.get_weights()) : on en veut 2, un noyau et un biais"),
          ("let these three layers keep their bias", "laissez leur biais à ces trois couches")],
    loses=BOTH)
heads.slip("qk-swapped",
    "queries and keys are exchanged: query_dense is applied to the keys and key_dense to the queries",
    "requêtes et clés sont échangées : query_dense est appliquée aux clés et key_dense aux requêtes",
    ("q = split(self.query_dense(query), self.key_dim)",
     "q = split(self.key_dense(query), self.key_dim)"),
    ("k = split(self.key_dense(key), self.key_dim)", "k = split(self.query_dense(key), self.key_dim)"),
    hint=[("which layer is applied to which argument", "quelle couche s'applique à quel argument"),
          ("with T = 2 and S = 3, do your weights have the shape (B, H, 2, 3)? In which line does that turn round?",
           "avec T = 2 et S = 3, vos poids ont-ils la forme (B, H, 2, 3) ? À quelle ligne cela se retourne-t-il ?"),
          ("`query_dense` takes `query`, `key_dense` takes `key`",
           "`query_dense` prend `query`, `key_dense` prend `key`")],
    loses=BOTH, mutant=einsum_heads(EINSUM_CALL.replace(
        "q, k, v = self.query_dense(query), self.key_dense(key)",
        "k, q, v = self.query_dense(key), self.key_dense(query)")))
heads.slip("key-dim-is-d-model",
    "each head has d_model dimensions instead of key_dim and value_dim",
    "chaque tête a d_model dimensions au lieu de key_dim et value_dim",
    ("self.key_dim = key_dim", "self.key_dim = key_dim = d_model"),
    ("self.value_dim = value_dim", "self.value_dim = value_dim = d_model"),
    hint=[("the units of the three first layers", "les unités des trois premières couches"),
          ("for 2 heads and key_dim = 3: are there 6 units for the queries, or 2·d_model?",
           "pour 2 têtes et key_dim = 3 : y a-t-il 6 unités pour les requêtes, ou 2·d_model ?"),
          ("the size of a head is given: key_dim for queries and keys, value_dim for values",
           "la taille d'une tête est donnée : key_dim pour requêtes et clés, value_dim pour les valeurs")],
    loses=BOTH, mutant=einsum_heads(sizes="key_dim = value_dim = d_model"))
heads.slip("values-from-keys",
    "the values are made from the key argument instead of value",
    "les valeurs viennent de l'argument key au lieu de value",
    ("self.value_dense(value)", "self.value_dense(key)"),
    hint=[("what `value_dense` is applied to", "ce à quoi s'applique `value_dense`"),
          ("call the layer with other numbers for `value` only: the output must change",
           "appelez la couche avec d'autres nombres pour `value` seulement : la sortie doit changer"),
          ("the values come from the third argument", "les valeurs viennent du troisième argument")],
    loses=["cross"])
heads.slip("heads-mask-dropped",
    "the mask is not handed on to the attention",
    "le masque n'est pas transmis à l'attention",
    (ATTEND, "scaled_dot_product_attention(q, k, v)"),
    hint=[("the call of your attention of 1.1", "l'appel à votre attention de 1.1"),
          ("call the layer with and without a mask: do the weights differ?",
           "appelez la couche avec et sans masque : les poids diffèrent-ils ?"),
          ("hand the mask on, with an axis for the heads if it has three",
           "transmettez le masque, avec un axe pour les têtes s'il en a trois")],
    loses=["cross"])

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
    hint=[("where epsilon is added", "l'endroit où s'ajoute epsilon"),
          ("with variance 4 and epsilon 5: the divisor is √9 = 3; is yours 2 + 5?",
           "avec une variance de 4 et epsilon = 5 : le diviseur est √9 = 3 ; le vôtre est-il 2 + 5 ?"),
          ("add epsilon to the variance, then take the root",
           "ajoutez epsilon à la variance, puis prenez la racine")],
    loses=["values"], mutant="""
def layer_norm(x, gamma, beta, epsilon):
    return (x - ops.mean(x, -1, keepdims=True)) / (ops.std(x, -1, keepdims=True) + epsilon) * gamma + beta
""")
norm.slip("norm-over-tokens",
    "the mean is taken over the tokens; each token is normalised on its own",
    "la moyenne est prise sur les tokens ; chaque token se normalise seul",
    ("mean = ops.mean(x, axis=-1,", "mean = ops.mean(x, axis=-2,"),
    ("ops.square(x - mean), axis=-1", "ops.square(x - mean), axis=-2"),
    hint=[("the axis of mean and variance", "l'axe de la moyenne et de la variance"),
          ("normalise two tokens [[1, 3], [5, 9]] with gamma 1 and beta 0: each row must become -1, 1",
           "normalisez deux tokens [[1, 3], [5, 9]], gamma 1 et beta 0 : chaque ligne doit devenir -1, 1"),
          ("average over the d_model numbers of one token: the last axis",
           "moyennez sur les d_model nombres d'un token : le dernier axe")],
    loses=["values"])
norm.slip("norm-divided-by-variance",
    "division by the variance instead of its root",
    "division par la variance au lieu de sa racine",
    ("ops.sqrt(variance + epsilon)", "(variance + epsilon)"),
    hint=[("what x - mean is divided by", "ce par quoi x - moyenne est divisé"),
          ("normalise [0, 4]: mean 2, variance 4; the result must be -1, 1, not -0.5, 0.5",
           "normalisez [0, 4] : moyenne 2, variance 4 ; il faut -1, 1, pas -0,5, 0,5"),
          ("a variance of 1 is wanted: divide by the root of variance + epsilon",
           "on veut une variance de 1 : divisez par la racine de variance + epsilon")],
    loses=["values"])
norm.slip("norm-unbiased-variance",
    "the variance divides by d_model - 1; a normalisation divides by d_model",
    "la variance divise par d_model - 1 ; une normalisation divise par d_model",
    ("variance = ops.mean(ops.square(x - mean), axis=-1, keepdims=True)",
     "variance = ops.sum(ops.square(x - mean), axis=-1, keepdims=True) / (x.shape[-1] - 1)"),
    hint=[("the number that divides the sum of the squares", "le nombre qui divise la somme des carrés"),
          ("the variance of [1, 3] is 1 here; is yours 2?",
           "la variance de [1, 3] est ici 1 ; la vôtre est-elle 2 ?"),
          ("take the plain mean of the squares: divide by d_model",
           "prenez la simple moyenne des carrés : divisez par d_model")],
    loses=["values"])
norm.slip("norm-no-weights",
    "gamma and beta are not used",
    "gamma et beta ne sont pas utilisés",
    ("gamma * (x - mean)", "(x - mean)"), (" + beta", ""),
    hint=[("the arguments gamma and beta", "les arguments gamma et beta"),
          ("call it with gamma = 2 and beta = 5: the mean must become 5, the deviation 2",
           "appelez-la avec gamma = 2 et beta = 5 : la moyenne doit devenir 5, l'écart-type 2"),
          ("after normalising, multiply by gamma and add beta",
           "après la normalisation, multipliez par gamma et ajoutez beta")],
    loses=["values"])
norm.slip("norm-epsilon-ignored",
    "epsilon is not used",
    "epsilon n'est pas utilisé",
    ("variance + epsilon", "variance"),
    hint=[("the argument epsilon", "l'argument epsilon"),
          ("normalise a token of four equal numbers: 0 is wanted, not NaN",
           "normalisez un token de quatre nombres égaux : on veut 0, pas NaN"),
          ("add epsilon to the variance under the root, as it is given",
           "ajoutez epsilon à la variance sous la racine, tel qu'il est donné")],
    loses=["values"])

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
    hint=[("what happens between `inner` and `outer`", "ce qui se passe entre `inner` et `outer`"),
          ("two linear layers in a row: could one matrix do the same?",
           "deux couches linéaires de suite : une seule matrice en ferait-elle autant ?"),
          ("give `inner` its activation", "donnez à `inner` son activation")],
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
    ("keras.layers.Dense(d_model)", 'keras.layers.Dense(d_model, activation="relu")'),
    hint=[("the activation of `outer`", "l'activation de `outer`"),
          ("print the smallest number of the output: exactly 0, whatever the input?",
           "affichez le plus petit nombre de la sortie : exactement 0, quelle que soit l'entrée ?"),
          ("the ReLU stands between the two layers; the second one is linear",
           "la ReLU est entre les deux couches ; la seconde est linéaire")],
    loses=["values"])
feed_forward.slip("ff-gelu",
    "a GELU stands where the article has a ReLU",
    "une GELU remplace la ReLU de l'article",
    ('"relu"', '"gelu"'),
    hint=[("the activation of `inner`", "l'activation de `inner`"),
          ("for x = -1: a ReLU gives 0, a GELU -0.16", "pour x = -1 : une ReLU donne 0, une GELU -0,16"),
          ("take the activation of the original article", "prenez l'activation de l'article d'origine")],
    loses=["values"])
