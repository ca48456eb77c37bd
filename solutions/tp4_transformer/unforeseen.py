"""Wrong submissions of TP4 whose mistakes have no name, as they are met in forums and in class."""

from __future__ import annotations

from lab import lab

EACH_ATTENTION = ["attention.values", "attention.mask", "attention.large_scores", "attention.by_hand"]
EACH_HEADS = ["heads.self", "heads.cross", "heads.by_hand"]
EACH_ENCODER = ["encoder.values", "encoder.mask", "encoder.match"]

# ------------------------------------------------------------------ 1 attention, mask, positions

lab.unforeseen("softmax-over-everything",
    "one softmax for the whole matrix", "un seul softmax pour toute la matrice",
    edits=[("ops.softmax(scores, axis=-1)", "ops.softmax(scores, axis=(-2, -1))")], exercise="attention",
    loses=EACH_ATTENTION)
lab.unforeseen("softmax-twice",
    "the weights go through a second softmax", "les poids passent par un second softmax",
    code="""
def scaled_dot_product_attention(q, k, v, mask=None):
    scores = tf.matmul(q, k, transpose_b=True) / math.sqrt(k.shape[-1])
    if mask is not None:
        scores = tf.where(mask, scores, -1e9)
    weights = tf.nn.softmax(tf.nn.softmax(scores))
    return tf.matmul(weights, v), weights
""",
    loses=EACH_ATTENTION)
lab.unforeseen("softmax-without-keepdims",
    "the row sums lose their axis", "les sommes des lignes perdent leur axe",
    code="""
def scaled_dot_product_attention(q, k, v, mask=None):
    scores = np.asarray(q) @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    if mask is not None:
        scores = np.where(mask, scores, -1e9)
    scores = np.exp(scores - scores.max(axis=-1).max())
    weights = scores / scores.sum(axis=-1)
    return weights @ np.asarray(v), weights
""",
    loses=EACH_ATTENTION)
lab.unforeseen("mask-filled-with-minus-five",
    "hidden scores become -5, which is not small enough", "les scores cachés deviennent -5, ce qui ne suffit pas",
    code="""
def scaled_dot_product_attention(q, k, v, mask=None):
    scores = tf.einsum("...td,...sd->...ts", q, k) / tf.sqrt(tf.cast(tf.shape(k)[-1], tf.float32))
    if mask is not None:
        scores = tf.where(mask, scores, -5.0)
    weights = tf.nn.softmax(scores, axis=-1)
    return tf.einsum("...ts,...sv->...tv", weights, v), weights
""",
    loses=["attention.mask"])
lab.unforeseen("mask-added-as-it-is",
    "the mask, 0 or 1, is added to the scores", "le masque, 0 ou 1, est ajouté aux scores",
    code="""
def scaled_dot_product_attention(q, k, v, mask=None):
    scores = ops.einsum("...td,...sd->...ts", q, k) * k.shape[-1] ** -0.5
    if mask is not None:
        scores = scores + ops.cast(mask, scores.dtype)
    weights = ops.softmax(scores)
    return ops.matmul(weights, v), weights
""",
    loses=["attention.mask"])
lab.unforeseen("weights-not-returned",
    "the output alone is returned", "seule la sortie est rendue",
    code="""
def scaled_dot_product_attention(q, k, v, mask=None):
    scores = ops.matmul(q, ops.swapaxes(k, -1, -2)) / ops.sqrt(float(q.shape[-1]))
    if mask is not None:
        scores = ops.where(mask, scores, -np.inf)
    return ops.matmul(ops.softmax(scores), v)
""",
    loses=EACH_ATTENTION)
lab.unforeseen("causal-mask-shows-all",
    "the mask hides nothing", "le masque ne cache rien",
    edits=[("np.tril(np.ones((length, length), dtype=bool))", "np.ones((length, length), dtype=bool)")],
    loses=["masks.causal"])
lab.unforeseen("causal-mask-to-be-added",
    "0 and -inf, as a mask that is added to the scores", "0 et -inf, comme un masque ajouté aux scores",
    code="""
def causal_mask(length):
    return tf.where(tf.linalg.band_part(tf.ones((length, length), tf.bool), -1, 0), 0.0, -np.inf)
""",
    loses=["masks.causal"])
lab.unforeseen("causal-mask-of-lists",
    "a list of lists: no layer takes it", "une liste de listes : aucune couche ne la prend",
    code="""
def causal_mask(length):
    return [[j <= i for j in range(length)] for i in range(length)]
""",
    loses=["masks.causal"])
lab.unforeseen("pe-base-1000",
    "1000 instead of 10000", "1000 au lieu de 10000",
    edits=[("t / 10000 **", "t / 1000 **")],
    loses=["positions.values"])
lab.unforeseen("pe-multiplied",
    "positions are multiplied by the powers instead of divided",
    "les positions sont multipliées par les puissances au lieu d'être divisées",
    edits=[("t / 10000 **", "t * 10000 **")],
    loses=["positions.values"])
lab.unforeseen("pe-last-wavelength-reached",
    "the exponents go up to 1, divided by their number minus one",
    "les exposants vont jusqu'à 1, divisés par leur nombre moins un",
    code="""
def positional_encoding(length, d_model):
    pairs = d_model // 2
    angles = np.outer(np.arange(length), np.exp(-np.arange(pairs) * np.log(10000.0) / (pairs - 1)))
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(length, d_model).astype("float32")
""",
    loses=["positions.values"])

# ------------------------------------------------------------------ 2 the layers

lab.unforeseen("heads-averaged",
    "the heads are averaged, not laid side by side", "on moyenne les têtes au lieu de les juxtaposer",
    edits=[("merged = ops.reshape(heads, (-1, heads.shape[1], self.num_heads * self.value_dim))",
            "merged = ops.mean(heads, axis=2)")],
    loses=EACH_HEADS)
lab.unforeseen("mask-without-head-axis",
    "a mask (B, T, S) meets scores (B, H, T, S) as it is", "un masque (B, T, S) rencontre tel quel des scores (B, H, T, S)",
    edits=[("        if attention_mask is not None and len(attention_mask.shape) == 3:\n"
            "            attention_mask = attention_mask[:, None]\n", "")],
    loses=["heads.cross"])
lab.unforeseen("attention-not-unpacked",
    "the pair that the attention returns is taken for its output",
    "la paire que rend l'attention est prise pour sa sortie",
    edits=[("heads, weights = scaled_dot_product_attention(q, k, v, attention_mask)",
            "heads = weights = scaled_dot_product_attention(q, k, v, attention_mask)")],
    loses=EACH_HEADS)
lab.unforeseen("weights-averaged-over-heads",
    "the weights are averaged over the heads", "les poids sont moyennés sur les têtes",
    edits=[("return self.output_dense(merged), weights", "return self.output_dense(merged), ops.mean(weights, axis=1)")],
    loses=EACH_HEADS)
lab.unforeseen("layers-made-in-call",
    "new projections at every call: nothing can be learnt", "de nouvelles projections à chaque appel : rien ne s'apprend",
    code="""
class MultiHeadAttention(keras.layers.Layer):
    def __init__(self, num_heads, key_dim, value_dim, d_model, **kwargs):
        super().__init__(**kwargs)
        self.sizes = num_heads, key_dim, value_dim, d_model

    def call(self, query, key, value, attention_mask=None):
        heads, key_dim, value_dim, d_model = self.sizes

        def project(x, size):
            x = keras.layers.Dense(heads * size)(x)
            return ops.swapaxes(ops.reshape(x, (-1, x.shape[1], heads, size)), 1, 2)

        if attention_mask is not None and len(attention_mask.shape) == 3:
            attention_mask = attention_mask[:, None]
        out, weights = scaled_dot_product_attention(
            project(query, key_dim), project(key, key_dim), project(value, value_dim), attention_mask
        )
        out = ops.swapaxes(out, 1, 2)
        out = ops.reshape(out, (-1, out.shape[1], heads * value_dim))
        return keras.layers.Dense(d_model)(out), weights
""",
    loses=EACH_HEADS)
lab.unforeseen("norm-over-the-batch",
    "mean and variance over axis 0", "moyenne et variance sur l'axe 0",
    code="""
def layer_norm(x, gamma, beta, epsilon):
    mean, variance = tf.nn.moments(x, axes=[0])
    return gamma * (x - mean) / tf.sqrt(variance + epsilon) + beta
""",
    loses=["norm.values"])
lab.unforeseen("norm-over-everything",
    "one mean for the whole tensor", "une seule moyenne pour tout le tenseur",
    code="""
def layer_norm(x, gamma, beta, epsilon):
    return gamma * (x - np.mean(x)) / np.sqrt(np.var(x) + epsilon) + beta
""",
    loses=["norm.values"])
lab.unforeseen("norm-without-keepdims",
    "mean and variance lose their axis", "moyenne et variance perdent leur axe",
    code="""
def layer_norm(x, gamma, beta, epsilon):
    x = np.asarray(x)
    return gamma * (x - x.mean(axis=-1)) / np.sqrt(x.var(axis=-1) + epsilon) + beta
""",
    loses=["norm.values"])
lab.unforeseen("norm-shifted-before-scaled",
    "beta is added before gamma multiplies", "beta est ajouté avant que gamma multiplie",
    code="""
def layer_norm(x, gamma, beta, epsilon):
    mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
    return gamma * ((x - mean) / tf.sqrt(variance + epsilon) + beta)
""",
    loses=["norm.values"])
lab.unforeseen("ff-tanh",
    "a tanh instead of the ReLU", "une tanh au lieu de la ReLU",
    edits=[('keras.layers.Dense(d_ff, activation="relu")', 'keras.layers.Dense(d_ff, activation="tanh")')],
    loses=["feed_forward.values"])
lab.unforeseen("ff-adds-its-input",
    "the residual connection is inside the network already", "la connexion résiduelle est déjà dans le réseau",
    edits=[("return self.outer(self.inner(x))", "return x + self.outer(self.inner(x))")],
    loses=["feed_forward.values"])
lab.unforeseen("ff-dropout-left-on",
    "the dropout is on outside training too", "le dropout agit aussi hors de l'entraînement",
    edits=[("self.outer(self.inner(x))", "self.outer(keras.random.dropout(self.inner(x), 0.2))")],
    loses=["feed_forward.values"])
lab.unforeseen("ff-sizes-exchanged",
    "d_ff and d_model are exchanged", "d_ff et d_model sont échangés",
    edits=[('keras.layers.Dense(d_ff, activation="relu")', 'keras.layers.Dense(d_model, activation="relu")'),
           ("self.outer = keras.layers.Dense(d_model)", "self.outer = keras.layers.Dense(d_ff)")],
    loses=["feed_forward.values"])
lab.unforeseen("encoder-mask-inverted",
    "the mask is turned round in the layer", "le masque est retourné dans la couche",
    edits=[("self.attention(x, x, x, attention_mask)",
            "self.attention(x, x, x, None if attention_mask is None else ops.logical_not(attention_mask))")],
    loses=["encoder.mask", "encoder.match"])
lab.unforeseen("encoder-dropout-left-on",
    "the dropout is on outside training too", "le dropout agit aussi hors de l'entraînement",
    edits=[("self.norm1(x + attended)", "self.norm1(x + keras.random.dropout(attended, 0.2))")],
    exercise="encoder", loses=EACH_ENCODER)
lab.unforeseen("encoder-first-input-added-twice",
    "the layer's input is added again after the feed-forward network",
    "l'entrée de la couche est rajoutée aussi après le réseau dense",
    code="""
class EncoderLayer(keras.layers.Layer):
    def __init__(self, num_heads, d_model, d_k, d_v, d_ff, epsilon=1e-6, **kwargs):
        super().__init__(**kwargs)
        self.attention = MultiHeadAttention(num_heads, d_k, d_v, d_model)
        self.feed_forward = FeedForward(d_ff, d_model)
        self.norm1 = keras.layers.LayerNormalization(epsilon=epsilon)
        self.norm2 = keras.layers.LayerNormalization(epsilon=epsilon)

    def call(self, x, attention_mask=None):
        h = self.norm1(x + self.attention(x, x, x, attention_mask)[0])
        return self.norm2(x + self.feed_forward(h))
""",
    loses=EACH_ENCODER)
lab.unforeseen("encoder-key-and-value-sizes-exchanged",
    "d_v is given for d_k and d_k for d_v", "d_v est donné pour d_k et d_k pour d_v",
    edits=[("self.attention = MultiHeadAttention(num_heads, d_k, d_v, d_model)",
            "self.attention = MultiHeadAttention(num_heads, d_v, d_k, d_model)")],
    loses=["encoder.values", "encoder.mask"])
lab.unforeseen("encoder-pair-added",
    "output and weights of the attention are added to x", "sortie et poids de l'attention sont ajoutés à x",
    edits=[("        attended, _ = self.attention(x, x, x, attention_mask)\n"
            "        x = self.norm1(x + attended)",
            "        x = self.norm1(x + self.attention(x, x, x, attention_mask))")],
    loses=EACH_ENCODER)
lab.unforeseen("decoder-masks-exchanged",
    "each attention receives the other's mask", "chaque attention reçoit le masque de l'autre",
    edits=[("self.self_attention(x, x, x, attention_mask)", "self.self_attention(x, x, x, memory_mask)"),
           ("self.cross_attention(x, memory, memory, memory_mask)",
            "self.cross_attention(x, memory, memory, attention_mask)")],
    loses=["decoder.values", "decoder.causal"])
lab.unforeseen("decoder-query-and-memory-exchanged",
    "the memory asks, the target answers", "la mémoire demande, la cible répond",
    edits=[("self.cross_attention(x, memory, memory, memory_mask)",
            "self.cross_attention(memory, x, x)")],
    loses=["decoder.values", "decoder.causal"])
lab.unforeseen("decoder-norms-exchanged",
    "norm2 comes first, norm1 second", "norm2 vient d'abord, norm1 ensuite",
    edits=[("        x = self.norm1(x + attended)\n        attended, _ = self.cross_attention",
            "        x = self.norm2(x + attended)\n        attended, _ = self.cross_attention"),
           ("        x = self.norm2(x + attended)\n        return", "        x = self.norm1(x + attended)\n        return")],
    loses=["decoder.values"])

# ------------------------------------------------------------------ 3 the whole

lab.unforeseen("embedding-times-d-model",
    "the embeddings are multiplied by d_model, not by its root", "les plongements sont multipliés par d_model, pas par sa racine",
    edits=[("embedding(tokens) * math.sqrt(self.d_model)", "embedding(tokens) * self.d_model")],
    loses=["transformer.logits", "transformer.padding"])
lab.unforeseen("embeddings-exchanged",
    "the source goes through the target's embedding and the reverse", "la source passe par le plongement de la cible et inversement",
    edits=[("self.embed(self.source_embedding, source)", "self.embed(self.target_embedding, source)"),
           ("self.embed(self.target_embedding, target)", "self.embed(self.source_embedding, target)")],
    loses=["transformer.logits", "transformer.padding"])
lab.unforeseen("source-and-target-exchanged",
    "the pair is unpacked the other way round", "la paire est dépaquetée dans l'autre sens",
    edits=[("        source, target = inputs\n", "        target, source = inputs\n")],
    loses=["transformer.logits", "transformer.padding", "transformer.causal"])
lab.unforeseen("decoder-layers-not-chained",
    "every decoder layer reads the embeddings; the last one's output counts",
    "chaque couche de décodeur lit les plongements ; seule compte la sortie de la dernière",
    edits=[("            y = layer(y, x, past, seen)\n        return self.output_dense(y)",
            "            out = layer(y, x, past, seen)\n        return self.output_dense(out)")],
    loses=["transformer.logits", "transformer.padding"])
lab.unforeseen("memory-of-the-same-floor",
    "decoder layer i looks at encoder layer i, not at the last one",
    "la couche i du décodeur regarde la couche i de l'encodeur, pas la dernière",
    edits=[("            x = layer(x, seen)\n", "            x = layer(x, seen)\n            memory.append(x)\n"),
           ("        for layer in self.encoder_layers:\n", "        memory = []\n        for layer in self.encoder_layers:\n"),
           ("        for layer in self.decoder_layers:\n            y = layer(y, x, past, seen)",
            "        for layer, seen_here in zip(self.decoder_layers, memory):\n"
            "            y = layer(y, seen_here, past, seen)")],
    loses=["transformer.logits", "transformer.padding"])
lab.unforeseen("target-padding-for-causal",
    "the target's padding mask stands where the causal one should", "le masque de remplissage de la cible remplace le causal",
    edits=[("past = causal_mask(target.shape[1])", "past = padding_mask(target)")],
    loses=["transformer.logits", "transformer.padding", "transformer.causal"], may=["no-causal-mask"])
lab.unforeseen("count-feed-forward-without-bias",
    "the biases of the feed-forward networks are forgotten", "les biais des réseaux denses sont oubliés",
    edits=[("(d_model + 1) * d_ff + (d_ff + 1) * d_model", "2 * d_model * d_ff")],
    loses=["counting.lecture", "counting.sizes"])
lab.unforeseen("count-one-attention-in-decoder",
    "one attention is counted in a decoder layer", "une seule attention est comptée dans une couche de décodeur",
    edits=[("decoder = 2 * attention +", "decoder = attention +")],
    loses=["counting.lecture", "counting.sizes"])
lab.unforeseen("count-without-output-projection",
    "the last projection of an attention is forgotten", "la dernière projection d'une attention est oubliée",
    edits=[("return queries_and_keys + values + (num_heads * d_v + 1) * d_model", "return queries_and_keys + values")],
    loses=["counting.attention", "counting.lecture", "counting.sizes"])
lab.unforeseen("total-without-feed-forward-bias",
    "the same, in the answer", "de même, dans la réponse",
    answers={"q_total": 44_152_349}, loses=["q_total"])

# ------------------------------------------------------------------ 4 decoding

lab.unforeseen("greedy-argmin",
    "the least probable token is taken", "le token le moins probable est pris",
    edits=[("np.argmax(next_logits(tokens))", "np.argmin(next_logits(tokens))")],
    loses=["greedy.tokens"])
lab.unforeseen("greedy-one-too-short",
    "one step too few", "un pas de trop peu",
    code="""
def greedy_decode(next_logits, start, end, max_length):
    tokens = [start]
    for _ in range(max_length - 2):
        tokens.append(int(np.argmax(next_logits(tokens))))
        if tokens[-1] == end:
            break
    return tokens
""",
    loses=["greedy.tokens"])
lab.unforeseen("top-k-place-for-token",
    "the place among the k best is returned, not the token", "la place parmi les k meilleurs est rendue, pas le token",
    edits=[("int(rng.choice(best, p=p / p.sum()))", "int(rng.choice(k, p=p / p.sum()))")],
    loses=["top_k.distribution"])
lab.unforeseen("top-k-gumbel-on-probabilities",
    "Gumbel noise is added to probabilities instead of their logarithms",
    "un bruit de Gumbel est ajouté aux probabilités, pas à leurs logarithmes",
    code="""
def top_k_sample(logits, k, rng):
    best = np.argsort(np.asarray(logits))[-k:]
    p = tf.nn.softmax(np.asarray(logits, "float64")[best]).numpy()
    return int(best[np.argmax(p + rng.gumbel(size=k))])
""",
    loses=["top_k.distribution"])
lab.unforeseen("top-k-order-mixed-up",
    "the probabilities are sorted downwards, the tokens upwards", "les probabilités sont triées en descendant, les tokens en montant",
    code="""
def top_k_sample(logits, k, rng):
    p = np.sort(np.exp(np.asarray(logits, "float64")))[::-1][:k]
    tokens = np.argsort(logits)[-k:]
    return int(rng.choice(tokens, p=p / p.sum()))
""",
    loses=["top_k.distribution"])
lab.unforeseen("beam-score-times-log",
    "scores are multiplied by -log p", "les scores sont multipliés par -log p",
    edits=[("beam = [(0.0, [start])]", "beam = [(1.0, [start])]"),
           ("score + log_p[token]", "score * -log_p[token]"),
           ("key=lambda c: -c[0]", "key=lambda c: c[0]")],
    loses=["beam.tokens"])
lab.unforeseen("beam-last-of-the-beam",
    "the last hypothesis of the beam is returned", "c'est la dernière hypothèse du faisceau qui est rendue",
    edits=[("return beam[0][1]", "return beam[-1][1]")],
    loses=["beam.tokens"])
lab.unforeseen("beam-with-its-score",
    "score and tokens are returned", "le score et les tokens sont rendus",
    edits=[("return beam[0][1]", "return beam[0]")],
    loses=["beam.tokens", "beam.one"])
lab.unforeseen("beam-product-from-zero",
    "probabilities multiply a score that starts at 0", "les probabilités multiplient un score qui part de 0",
    edits=[("score + log_p[token]", "score * np.exp(log_p[token])")],
    loses=["beam.tokens", "beam.one"])

# ------------------------------------------------------------------ 5 and 6

lab.unforeseen("shifted-by-two",
    "the label is the token after the next", "l'étiquette est le token d'après le suivant",
    edits=[("return target[:, :-1], target[:, 1:]", "return target[:, :-2], target[:, 2:]")],
    loses=["shift.values"])
lab.unforeseen("shifted-over-the-batch",
    "rows are shifted, not tokens", "ce sont les lignes qui sont décalées, pas les tokens",
    edits=[("return target[:, :-1], target[:, 1:]", "return target[:-1], target[1:]")],
    loses=["shift.values"])
lab.unforeseen("shifted-and-not-cut",
    "the labels are rolled round; nothing is cut", "les étiquettes sont permutées en cercle ; rien n'est coupé",
    edits=[("return target[:, :-1], target[:, 1:]", "return target, np.roll(target, -1, axis=1)")],
    loses=["shift.values"])
lab.unforeseen("relative-after-softmax",
    "the learned numbers are added to the weights", "les nombres appris sont ajoutés aux poids",
    code="""
def relative_attention(q, k, v, offsets, mask=None):
    T = q.shape[-2]
    _, weights = scaled_dot_product_attention(q, k, v, mask)
    weights = weights + tf.stack([offsets[T - 1 - i : 2 * T - 1 - i] for i in range(T)])
    return tf.matmul(weights, v), weights
""",
    loses=["relative.values"])
lab.unforeseen("relative-from-the-wrong-end",
    "negative offsets index the list from its end", "les décalages négatifs comptent depuis la fin de la liste",
    edits=[("ops.take(offsets, offset + length - 1)", "ops.convert_to_tensor(np.asarray(offsets)[offset])")],
    loses=["relative.values"])
